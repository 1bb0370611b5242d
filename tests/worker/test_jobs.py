"""The worker's jobs through a real child process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlx_lm
import pytest

from lorastudio.paths import practice_model
from lorastudio.practice.questions import gate_questions
from lorastudio.processes.child import Child
from lorastudio.training.config import Objective, TrainConfig
from lorastudio.training.protocol import ADAPTER_FILE, ADAPTER_PARTIAL, GOLDEN_FILE, PROTOCOL, RESULT_FILE
from tests.worker.children import WAIT_S, run_job
from tests.worker.conftest import make_rows

CONFIG = TrainConfig(
    rank=4, learning_rate=1e-2, epochs=4, checkpoint_every_steps=4, evaluate_every_steps=8,
    replay_per_step=2, replay_prompts=("b1", "c2 c3", "d4", "e5 e6"),
)  # fmt: skip
WriteData = Callable[..., Path]


@pytest.fixture(scope="module")
def worker() -> Iterator[Child]:
    with Child("worker") as child:
        hello = child.receive(WAIT_S)
        assert hello is not None and hello["type"] == "hello" and hello["protocol"] == PROTOCOL
        yield child


@pytest.fixture
def data(write_data: WriteData) -> Path:
    return write_data(
        [*make_rows(24), *make_rows(1, first_id=70, bad=False), {**make_rows(1, first_id=80)[0], "good": None}],
        make_rows(4, first_id=100, seed=1),
        make_rows(6, first_id=200, seed=2),
    )


def train_order(base: Path, data: Path, folder: Path, config: TrainConfig = CONFIG) -> dict[str, Any]:
    return {
        "job": "train",
        "base": base,
        "data": data,
        "config": config.as_record(),
        "checkpoints": folder / "checkpoints",
        "output": folder / "output",
        "resume": False,
        "golden_prompts": ["b1 c1", "d2"],
    }


def finished_version(worker: Child, base: Path, data: Path, folder: Path) -> Path:
    run_job(worker, **train_order(base, data, folder))
    (folder / "output" / ADAPTER_PARTIAL).rename(folder / "output" / ADAPTER_FILE)
    return folder / "output"


def test_inspect(worker: Child, tiny_path: Path) -> None:
    done = run_job(worker, job="inspect", base=tiny_path)
    assert done["type"] == "done"
    assert (done["architecture"], done["layers"], done["hidden_size"], done["context_length"]) == ("llama", 2, 32, 96)
    assert done["parameters"] == 21024 and done["quantization"] is None and done["chat_template"] is True
    assert len(done["base_fingerprint"]) == len(done["template_hash"]) == 64


def test_train_writes_a_whole_unfinished_version(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    messages: list[dict[str, Any]] = []
    done = run_job(worker, on_message=messages.append, **train_order(tiny_path, data, tmp_path))
    assert done["type"] == "done", done
    output = tmp_path / "output"
    assert sorted(file.name for file in output.iterdir()) == [
        "adapter-unfinished.safetensors", "adapter_config.json", "golden.json", "result.json",
    ]  # fmt: skip
    result = json.loads((output / RESULT_FILE).read_text())
    assert result == {key: value for key, value in done.items() if key != "type"}
    assert done["num_examples"] == 25 and done["left_out"] == [{"id": 80, "reason": "there is no good answer"}]
    assert done["steps"] == 28 and done["skipped_steps"] == 0 and done["best_step"] is not None
    assert done["validation_accuracy"] > 0.7 and done["reference_accuracy"] > 0.7
    kinds = {message["type"] for message in messages}
    assert {"phase", "step", "eval", "saved", "warning", "done"} <= kinds
    assert [message["step"] for message in messages if message["type"] == "step"] == list(range(1, 29))
    assert not list(tmp_path.glob("*partial*"))
    text = (output / "adapter_config.json").read_text()
    assert str(tmp_path) not in text and str(tiny_path) not in text


def test_kill_nine_loses_nothing_but_time(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    whole = run_job(worker, **train_order(tiny_path, data, tmp_path / "whole"))
    order = train_order(tiny_path, data, tmp_path / "killed")
    with Child("worker") as victim:

        def kill(message: dict[str, Any]) -> None:
            if message["type"] == "step" and message["step"] == 11:
                victim.kill()
                raise InterruptedError

        with pytest.raises(InterruptedError):
            run_job(victim, on_message=kill, **order)
    assert not (tmp_path / "killed" / "output").exists()
    steps: list[int] = []

    def remember(message: dict[str, Any]) -> None:
        if message["type"] == "step":
            steps.append(message["step"])

    resumed = run_job(worker, on_message=remember, **(order | {"resume": True}))
    assert steps[0] > 1 and steps[-1] == 28
    assert resumed["adapter_hash"] == whole["adapter_hash"]
    for name in (ADAPTER_PARTIAL, GOLDEN_FILE, RESULT_FILE):
        assert (tmp_path / "killed/output" / name).read_bytes() == (tmp_path / "whole/output" / name).read_bytes()


def test_cancel_saves_and_the_next_job_runs(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    messages: list[dict[str, Any]] = []

    def cancel(message: dict[str, Any]) -> None:
        messages.append(message)
        if message["type"] == "step" and message["step"] == 2:
            worker.cancel()

    order = train_order(tiny_path, data, tmp_path, TrainConfig(epochs=200, learning_rate=1e-3))
    cancelled = run_job(worker, on_message=cancel, **order)
    assert cancelled["type"] == "cancelled"
    saved = [message for message in messages if message["type"] == "saved"]
    last_step = max(message["step"] for message in messages if message["type"] == "step")
    assert saved[-1]["step"] == last_step and Path(saved[-1]["path"]).is_dir()
    assert run_job(worker, job="inspect", base=tiny_path)["type"] == "done"


@pytest.mark.parametrize("objective", [Objective.DPO, Objective.SFT])
def test_no_rows_left_is_a_known_failure(
    worker: Child, tiny_path: Path, tmp_path: Path, write_data: WriteData, objective: Objective
) -> None:
    rows = make_rows(3, bad=False) if objective is Objective.DPO else [{**row, "good": None} for row in make_rows(3)]
    order = train_order(tiny_path, write_data(rows), tmp_path, TrainConfig(objective=objective))
    failed = run_job(worker, **order)
    assert failed["type"] == "failed" and failed["known"] and "No row is left" in failed["message"]
    assert not (tmp_path / "output").exists()


def test_no_held_out_pairs_no_accuracy(worker: Child, tiny_path: Path, tmp_path: Path, write_data: WriteData) -> None:
    rows = write_data(make_rows(4), [], make_rows(2, first_id=50, bad=False))
    done = run_job(worker, **train_order(tiny_path, rows, tmp_path))
    assert done["validation_accuracy"] is None and done["reference_accuracy"] is None
    assert done["heldout_loss"] > 0 and done["best_step"] is None
    empty = run_job(worker, **train_order(tiny_path, write_data(make_rows(4), name="empty"), tmp_path / "empty"))
    assert empty["heldout_loss"] is None and empty["token_accuracy"] is None


def test_too_many_layers_warn_and_work(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    messages: list[dict[str, Any]] = []
    order = train_order(tiny_path, data, tmp_path, TrainConfig(layers=16, epochs=1))
    assert run_job(worker, on_message=messages.append, **order)["type"] == "done"
    assert any("2 layers, not 16" in message.get("message", "") for message in messages)


@pytest.mark.parametrize(
    "order", [{"job": "dance"}, {"job": "train", "base": "/nowhere"}, {"job": "inspect", "base": "/nowhere"}]
)
def test_bad_jobs_fail_in_words(worker: Child, tiny_path: Path, order: dict[str, Any]) -> None:
    failed = run_job(worker, **({"base": tiny_path} | order))
    assert failed["type"] == "failed" and failed["known"] and failed["message"] and not failed["traceback"]


def write_lines(file: Path, lines: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def read_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_sample_answers_in_order_and_alike_in_any_company(
    worker: Child, tiny_path: Path, data: Path, tmp_path: Path
) -> None:
    version = finished_version(worker, tiny_path, data, tmp_path)
    adapters = {"base": None, "v1": str(version)}
    requests = [
        {
            "id": f"{question}-{seed}-{name}",
            "adapter": name,
            "messages": [{"role": "user", "content": f"b{question} c{question}"}],
            "seed": seed,
            "temperature": 1.0,
            "max_tokens": 30,
        }
        for question in range(10)
        for seed in range(4)
        for name in adapters
    ]

    def sample(chosen: list[dict[str, Any]], child: Child) -> list[dict[str, Any]]:
        files = {"requests": write_lines(tmp_path / "in.jsonl", chosen), "output": tmp_path / "out.jsonl"}
        assert run_job(child, job="sample", base=tiny_path, adapters=adapters, **files)["type"] == "done"
        return read_lines(tmp_path / "out.jsonl")

    answers = sample(requests, worker)
    assert [answer["id"] for answer in answers] == [request["id"] for request in requests]
    assert {answer["finish_reason"] for answer in answers} <= {"stop", "length"}
    assert any(one["text"] != other["text"] for one, other in zip(answers[::2], answers[1::2], strict=True))
    few = sample(requests[::-7], worker)
    assert few == [answer for answer in reversed(answers) if answer["id"] in {one["id"] for one in few}]
    with Child("worker") as another:
        assert sample(requests, another) == answers


def test_score_agrees_with_plain_mlx_lm(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    version = finished_version(worker, tiny_path, data, tmp_path)
    rows = [{"id": str(row["id"]), "messages": row["prompt"], "answer": row["good"]} for row in make_rows(20, seed=5)]
    files = {"rows": write_lines(tmp_path / "in.jsonl", rows), "output": tmp_path / "out.jsonl"}
    adapters = {"v1": str(version), "base": None}
    assert run_job(worker, job="score", base=tiny_path, adapters=adapters, **files)["type"] == "done"
    lines = read_lines(tmp_path / "out.jsonl")
    assert [(line["adapter"], line["id"]) for line in lines] == [(name, row["id"]) for name in adapters for row in rows]
    model, tokenizer = mlx_lm.load(str(tiny_path), adapter_path=str(version))
    for row, line in zip(rows, lines, strict=False):
        logprob, top1, tokens = plain_score(model, tokenizer, row)
        assert line["logprob"] == pytest.approx(logprob, rel=1e-4)
        assert (line["tokens"], line["top1"]) == (tokens, top1)


def plain_score(model: Any, tokenizer: Any, row: dict[str, Any]) -> tuple[float, int, int]:
    import mlx.core as mx

    prompt = tokenizer.apply_chat_template(row["messages"], add_generation_prompt=True)
    whole = tokenizer.apply_chat_template([*row["messages"], {"role": "assistant", "content": row["answer"]}])
    logits = model(mx.array([whole[:-1]]))[0]
    log_probs = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
    places = range(len(prompt) - 1, len(whole) - 1)
    total = sum(log_probs[place, whole[place + 1]].item() for place in places)
    top1 = sum(mx.argmax(logits[place]).item() == whole[place + 1] for place in places)
    return total, top1, len(whole) - len(prompt)


def test_a_prompt_that_fills_the_context_is_refused(worker: Child, tiny_path: Path, tmp_path: Path) -> None:
    request = {"id": "long", "adapter": "base", "messages": [{"role": "user", "content": "b1 " * 95}], "seed": 0}
    file = write_lines(tmp_path / "in.jsonl", [request | {"temperature": 0.0, "max_tokens": 4}])
    failed = run_job(
        worker, job="sample", base=tiny_path, adapters={"base": None}, requests=file, output=tmp_path / "out.jsonl"
    )
    assert failed["type"] == "failed" and failed["known"] and "98 tokens" in failed["message"]
    assert not (tmp_path / "out.jsonl").exists()


def test_a_changed_base_is_loaded_again(worker: Child, tiny_path: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_path, tmp_path / "copy")
    first = run_job(worker, job="inspect", base=copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 64}))
    second = run_job(worker, job="inspect", base=copy)
    assert (first["context_length"], second["context_length"]) == (96, 64)
    assert first["base_fingerprint"] != second["base_fingerprint"]


def test_the_end_of_stdin_ends_an_idle_worker() -> None:
    child = Child("worker")
    assert child.receive(WAIT_S) is not None
    assert child.stop() == 0


def test_the_practice_model_answers_alike_in_any_company(worker: Child, tmp_path: Path) -> None:
    """Its matrices are large enough for the blocked kernels of a fast BLAS, which the tiny model's are not."""
    requests = [
        {
            "id": f"{number}",
            "adapter": "base",
            "messages": [{"role": "user", "content": question.text}],
            "seed": number,
            "temperature": 1.0,
            "max_tokens": 64,
        }
        for number, question in enumerate(gate_questions(72))
    ]

    def sample(chosen: list[dict[str, Any]]) -> dict[str, str]:
        files = {"requests": write_lines(tmp_path / "in.jsonl", chosen), "output": tmp_path / "out.jsonl"}
        done = run_job(worker, job="sample", base=practice_model(), adapters={"base": None}, **files)
        assert done["type"] == "done"
        return {answer["id"]: answer["text"] for answer in read_lines(tmp_path / "out.jsonl")}

    whole = sample(requests)
    for some in (requests[5:6], requests[::-5]):
        assert all(whole[key] == text for key, text in sample(some).items())
