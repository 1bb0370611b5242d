"""Figures of a practice version on the practice world's gate questions, for reading, never for deciding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lorastudio.datasets.checks import check_answer
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.files import write_atomic, write_json_lines
from lorastudio.domain.messages import as_records, user
from lorastudio.domain.seeds import derive_seed
from lorastudio.practice.prompts import PRACTICE_MAX_TOKENS, PRACTICE_TEMPERATURE, practice_checks
from lorastudio.practice.questions import canaries, gate_questions, preference_pairs
from lorastudio.processes.jobs import Worker
from lorastudio.services.base_models import PRACTICE_NAME, resolve_base
from lorastudio.services.gate_answers import CANARY_MAX_TOKENS, SAMPLES, read_lines, sample_request
from lorastudio.store.library import Library
from lorastudio.store.versions import get_version

FOLDER = "measurements"


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares in 0..1: criteria met, answers that meet all, canaries right, good preferred to bad per token."""

    quality: float
    perfect: float
    preference_accuracy: float
    canary: float


def measure(library: Library, version: int | None, cancel: CancelToken) -> Figures:
    """The figures of a version (None: the untouched base); measured once and kept beside the library.

    The seeds are fixed, so all versions are compared on the same draws; the gate draws its own afresh.
    """
    folder = library.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = "base" if version is None else f"version-{version}"
    kept = folder / f"{name}.json"
    if kept.is_file():
        return Figures(**json.loads(kept.read_text(encoding="utf-8")))
    adapter = None if version is None else get_version(library, version).model_path
    job = {"base": str(resolve_base(PRACTICE_NAME)), "adapters": {name: adapter}}
    requests, rows = folder / f"{name}.requests.jsonl", folder / f"{name}.rows.jsonl"
    answers, scores = folder / f"{name}.answers.jsonl", folder / f"{name}.scores.jsonl"
    write_json_lines(requests, _requests(name))
    write_json_lines(rows, _rows())
    with Worker(library.home / "logs") as worker:
        worker.result({"job": "sample", **job, "requests": str(requests), "output": str(answers)}, cancel)
        worker.result({"job": "score", **job, "rows": str(rows), "output": str(scores)}, cancel)
    figures = _figures(read_lines(answers), read_lines(scores))
    write_atomic(kept, json.dumps(asdict(figures)).encode())
    for path in (requests, rows, answers, scores):
        path.unlink()
    return figures


def _requests(name: str) -> list[dict[str, Any]]:
    sampled = [
        sample_request(
            f"q{index}.{sample}",
            name,
            question.text,
            derive_seed("measure", index, sample),
            PRACTICE_TEMPERATURE,
            PRACTICE_MAX_TOKENS,
        )
        for index, question in enumerate(gate_questions())
        for sample in range(SAMPLES)
    ]
    greedy = [
        sample_request(f"c{index}", name, item.prompt, 0, 0.0, CANARY_MAX_TOKENS)
        for index, item in enumerate(canaries())
    ]
    return sampled + greedy


def _rows() -> list[dict[str, Any]]:
    return [
        {"id": f"{side}{index}", "messages": as_records(user(pair.prompt)), "answer": answer}
        for index, pair in enumerate(preference_pairs())
        for side, answer in (("good", pair.good), ("bad", pair.bad))
    ]


def _figures(answers: Sequence[dict[str, Any]], scores: Sequence[dict[str, Any]]) -> Figures:
    text = {answer["id"]: answer["text"] for answer in answers}
    met = [
        check_answer(practice_checks(), question.text, text[f"q{index}.{sample}"])
        for index, question in enumerate(gate_questions())
        for sample in range(SAMPLES)
    ]
    right = [text[f"c{index}"] == item.answer for index, item in enumerate(canaries())]
    per_token = {score["id"]: score["logprob"] / score["tokens"] for score in scores}
    preferred = [_preference(per_token[f"good{i}"], per_token[f"bad{i}"]) for i in range(len(preference_pairs()))]
    return Figures(
        quality=_mean([_mean(list(checks.values())) for checks in met]),
        perfect=_mean([all(checks.values()) for checks in met]),
        preference_accuracy=_mean(preferred),
        canary=_mean(right),
    )


def _preference(good: float, bad: float) -> float:
    return 0.5 if good == bad else float(good > bad)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
