"""Requests to the practice critic, as a client sends them."""

from __future__ import annotations

from typing import Any

from lorastudio.domain.fencing import fence

QUESTION = "Report: sample cobalt, step ageing, temperature 550 K, time 4 min, runs 5."
PERFECT = "A sample of cobalt was aged at 550 K for 4 min. The run was repeated 5 times."
FAULTY = "Remarkably, a sample of cobalt was aged at 550 degrees for 4 min. The run was repeated 5 times."


def to_criticise(draft: str, question: str = QUESTION) -> list[dict[str, Any]]:
    text = f"Judge the draft.\n{fence('question', question)}\n{fence('draft', draft)}\nAnswer with JSON."
    return [{"role": "system", "content": "You are a critic."}, {"role": "user", "content": text}]


def to_compare(first: str, second: str, question: str = QUESTION) -> list[dict[str, Any]]:
    parts = (fence("question", question), fence("answer-a", first), fence("answer-b", second))
    return [{"role": "user", "content": "Which is better?\n" + "\n".join(parts)}]


def schema_format(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
