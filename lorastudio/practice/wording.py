"""Puts a reply into words: as JSON that honours the wanted format, or spoiled as bad manners want it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lorastudio.practice.conforming import conform
from lorastudio.practice.manners import ActiveManners, Manner
from lorastudio.practice.replies import Reply, ReplyKind

_PROSE = {
    ReplyKind.CRITIQUE: "The draft has its merits, and there is room for improvement.",
    ReplyKind.JUDGEMENT: "Both answers have their merits.",
    ReplyKind.ABSTENTION: "I would rather not say.",
}


def word(reply: Reply, response_format: Mapping[str, Any] | None, manners: ActiveManners) -> str:
    """The text of the answer."""
    if Manner.PROSE in manners:
        return _PROSE[reply.kind]
    if Manner.LINES in manners:
        return _lines(reply)
    if Manner.IGNORES_RESPONSE_FORMAT in manners:
        return f"Certainly! Here is what I think.\n{_json(reply.content)}"
    return _spoil(_json(_shape(reply, response_format)), manners)


def _shape(reply: Reply, response_format: Mapping[str, Any] | None) -> Any:
    if response_format is None or response_format["type"] != "json_schema":
        return reply.content
    return conform(response_format["json_schema"]["schema"], reply.content)


def _spoil(text: str, manners: ActiveManners) -> str:
    if Manner.BROKEN_JSON in manners:
        text = text.replace("}", ",}").removesuffix("}")
    if Manner.CUT_JSON in manners:
        text = text[: len(text) // 2]
    if Manner.FENCED_JSON in manners:
        text = f"```json\n{text}\n```"
    return text


def _lines(reply: Reply) -> str:
    figures = {**reply.content.get("scores", {}), **reply.content}
    plain = {name: value for name, value in figures.items() if isinstance(value, int | str)}
    return "\n".join(f"{name}: {int(value) if isinstance(value, bool) else value}" for name, value in plain.items())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
