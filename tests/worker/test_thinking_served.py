"""A version is served with the thinking switch it was trained with, by the engine and in sample jobs alike."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import user
from lorastudio.worker.base_model import BaseModel, load_base
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.engine import ChatJob, Engine, EngineSettings, Update
from lorastudio.worker.sample_jobs import run_sample, run_score
from lorastudio.worker.thinking import ThinkingSwitch
from tests.worker.chat_templates import QWEN_3, write_templated_model
from tests.worker.tiny_versions import write_version

SWITCHES = {"off": ThinkingSwitch(enabled=False), "on": ThinkingSwitch(enabled=True)}
QUESTION = user("b1 b2")


@pytest.fixture(scope="module")
def thinking_base(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    return load_base(write_templated_model(tmp_path_factory.mktemp("thinking") / "base", QWEN_3))


@pytest.fixture(scope="module")
def versions(thinking_base: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("versions")
    return {name: write_version(thinking_base, folder / name, thinking=switch) for name, switch in SWITCHES.items()}


@pytest.fixture
def engine(thinking_base: BaseModel, versions: dict[str, Path]) -> Iterator[Engine]:
    engine = Engine(EngineSettings(thinking_base.path, "base", versions, {}, at_once=2))
    engine.start()
    engine.ready.result(60)
    yield engine
    engine.stop()


def test_the_engine_asks_each_version_its_own_way(engine: Engine, thinking_base: BaseModel) -> None:
    def prompt_tokens(model: str) -> int:
        updates: queue.Queue[Update] = queue.Queue()
        engine.open(model, ChatJob(QUESTION, max_tokens=1), updates.put)
        return updates.get(timeout=60).prompt_tokens

    lengths = {name: len(ChatCodec(thinking_base, switch).encode_prompt(QUESTION)) for name, switch in SWITCHES.items()}
    assert lengths["off"] > lengths["on"]  # by the empty block
    assert {name: prompt_tokens(name) for name in SWITCHES} == lengths
    assert prompt_tokens("base") == lengths["off"]


def test_jobs_ask_each_version_its_own_way(thinking_base: BaseModel, versions: dict[str, Path], tmp_path: Path) -> None:
    messages = [message.as_record() for message in QUESTION]
    adapters = {name: str(folder) for name, folder in versions.items()}
    order = {"adapters": adapters, "requests": tmp_path / "requests", "rows": tmp_path / "rows"}
    asked = {"messages": messages, "seed": 0, "temperature": 0.0, "max_tokens": 12}
    (tmp_path / "requests").write_text("".join(json.dumps(asked | {"id": n, "adapter": n}) + "\n" for n in SWITCHES))
    (tmp_path / "rows").write_text(json.dumps({"id": "1", "messages": messages, "answer": "a1"}) + "\n")
    run_sample(thinking_base, order | {"output": tmp_path / "answers"}, lambda message: None, CancelToken())
    run_score(thinking_base, order | {"output": tmp_path / "scores"}, lambda message: None, CancelToken())
    answers = [json.loads(line) for line in (tmp_path / "answers").read_text().splitlines()]
    assert answers[0]["text"] != answers[1]["text"]  # the same weights, other prompts
    scores = [json.loads(line) for line in (tmp_path / "scores").read_text().splitlines()]
    # With thinking on, the template writes the empty block into the answer.
    assert [score["tokens"] for score in scores] == [2, 6]
