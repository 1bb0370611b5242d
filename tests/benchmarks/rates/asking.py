"""What a model with an adapter says, and which of two answers it finds likelier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.seeds import derive_seed
from lorastudio.processes.jobs import Worker
from lorastudio.services.gate_answers import sample_request

MAX_TOKENS = 64

Row = dict[str, Any]


def sample(
    worker: Worker, base: Path, adapter: Path | None, prompts: list[tuple[str, float]], folder: Path
) -> list[str]:
    """Answers to prompts, each at its temperature; the n-th prompt has the n-th seed, whatever the adapter."""
    requests, answers = folder / "requests.jsonl", folder / "answers.jsonl"
    lines = [
        sample_request(str(number), "tried", prompt, derive_seed("rates", number), temperature, MAX_TOKENS)
        for number, (prompt, temperature) in enumerate(prompts)
    ]
    write_lines(requests, lines)
    job = {"job": "sample", "requests": str(requests), "output": str(answers)}
    worker.result(job | _tried(base, adapter), CancelToken())
    return [line["text"] for line in _read_lines(answers)]


def preference_accuracy(worker: Worker, base: Path, adapter: Path | None, pairs: list[Row], folder: Path) -> float:
    """The share of pairs whose good answer is likelier per token than the bad one, ties by half."""
    rows, scores = folder / "rows.jsonl", folder / "scores.jsonl"
    lines = [
        {"id": number, "messages": pair["prompt"], "answer": pair[side]}
        for number, pair in enumerate(pairs)
        for side in ("good", "bad")
    ]
    write_lines(rows, lines)
    worker.result({"job": "score", "rows": str(rows), "output": str(scores)} | _tried(base, adapter), CancelToken())
    per_token = [line["logprob"] / line["tokens"] for line in _read_lines(scores)]
    won = [0.5 if good == bad else float(good > bad) for good, bad in zip(per_token[::2], per_token[1::2], strict=True)]
    return sum(won) / len(won)


def write_lines(path: Path, lines: list[Row]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _tried(base: Path, adapter: Path | None) -> Row:
    return {"base": str(base), "adapters": {"tried": None if adapter is None else str(adapter)}}


def _read_lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
