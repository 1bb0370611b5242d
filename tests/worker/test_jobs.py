"""The worker's jobs through a real child process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import mlx_lm
import pytest

from lorastudio.paths import practice_model
from lorastudio.practice.questions import gate_questions
from lorastudio.processes.child import Child
from lorastudio.training.protocol import ADAPTER_FILE, ADAPTER_PARTIAL
from tests.worker.children import WAIT_S, run_job
from tests.worker.conftest import make_rows
from tests.worker.train_orders import train_order


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
