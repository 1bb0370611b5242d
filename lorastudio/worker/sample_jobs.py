"""The `sample` and `score` jobs: answers of versions, and what versions think of given answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError
from lorastudio.domain.files import write_json_lines
from lorastudio.domain.messages import from_records
from lorastudio.worker.adapters import load_version, stored_thinking
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.generation import Answer, Generator, run_all
from lorastudio.worker.rows import read_json_lines
from lorastudio.worker.sampling import SampleRequest
from lorastudio.worker.scoring import score_answers
from lorastudio.worker.slots import plan_slots

REPORT_EVERY_ANSWERS = 50
SCORED_AT_ONCE = 128

Report = Callable[[dict[str, Any]], None]


def run_sample(base: BaseModel, order: dict[str, Any], report: Report, cancel: CancelToken) -> dict[str, Any]:
    """Answer all requests of a file, each by its adapter, and write the answers in the same order."""
    adapters = _folders(order)
    records = list(read_json_lines(Path(order["requests"])))
    answers: dict[int, Answer] = {}
    plan = plan_slots(base)
    for name in dict.fromkeys(record["adapter"] for record in records):
        if name not in adapters:
            raise KnownError(f"The requests name the adapter {name!r}, which was not given.")
        codec = ChatCodec(base, stored_thinking(adapters[name]))
        mine = [
            (_sample_request(base, codec, record), index)
            for index, record in enumerate(records)
            if record["adapter"] == name
        ]
        mine.sort(key=lambda item: (item[0].prompt, item[1]))  # same prompts together: each is read once
        index_of = {id(request): index for request, index in mine}
        generator = Generator(codec, load_version(base, adapters[name]), plan)
        for answer in run_all(generator, [request for request, _ in mine], cancel):
            answers[index_of[id(answer.request)]] = answer
            if len(answers) % REPORT_EVERY_ANSWERS == 0:
                report({"type": "progress", "done": len(answers), "of": len(records)})
    lines = [
        {
            "id": record["id"],
            "adapter": record["adapter"],
            "text": answers[index].text,
            "tokens": len(answers[index].ids),
            "finish_reason": answers[index].finish_reason,
        }
        for index, record in enumerate(records)
    ]
    write_json_lines(Path(order["output"]), lines)
    return {"answers": len(lines), "tokens": sum(len(answer.ids) for answer in answers.values())}


def run_score(base: BaseModel, order: dict[str, Any], report: Report, cancel: CancelToken) -> dict[str, Any]:
    """Score every row under every adapter; adapter by adapter, rows in their order."""
    records = list(read_json_lines(Path(order["rows"])))
    adapters = _folders(order)
    lines = []
    for name, folder in adapters.items():
        model, codec = load_version(base, folder), ChatCodec(base, stored_thinking(folder))
        encoded = [codec.encode_answer(from_records(record["messages"]), record["answer"]) for record in records]
        for start in range(0, len(records), SCORED_AT_ONCE):
            cancel.check()
            scores = score_answers(model, encoded[start : start + SCORED_AT_ONCE], cancel)
            for record, score in zip(records[start : start + SCORED_AT_ONCE], scores, strict=True):
                lines.append(
                    {
                        "id": record["id"],
                        "adapter": name,
                        "logprob": score.total,
                        "tokens": len(score.log_probs),
                        "top1": score.first_choices,
                    }
                )
            report({"type": "progress", "done": len(lines), "of": len(records) * len(adapters)})
    write_json_lines(Path(order["output"]), lines)
    return {"scores": len(lines)}


def _folders(order: dict[str, Any]) -> dict[str, Path | None]:
    return {name: None if path is None else Path(path) for name, path in order["adapters"].items()}


def _sample_request(base: BaseModel, codec: ChatCodec, record: dict[str, Any]) -> SampleRequest:
    prompt = codec.encode_prompt(from_records(record["messages"]))
    room = base.context_length - len(prompt)
    if room < 1:
        raise KnownError(
            f"The request {record['id']} has {len(prompt)} tokens, the model reads {base.context_length}.",
            "Ask a shorter question.",
        )
    return SampleRequest(
        prompt,
        max_tokens=min(int(record["max_tokens"]), room),
        seed=int(record["seed"]),
        temperature=float(record["temperature"]),
    )
