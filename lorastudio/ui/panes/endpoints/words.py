"""What a test found, in words."""

from __future__ import annotations

import sys
from typing import Any

from PySide6.QtCore import QDateTime, Qt

MACHINE = "this Mac" if sys.platform == "darwin" else "this machine"
RUNGS = {
    "schema": ("JSON schema", "Keeps to a JSON schema: the critic's answers are read as they come."),
    "object": ("JSON object", "Answers in JSON, but does not keep to a schema; its answers are checked."),
    "prompt": ("JSON by prompt", "Answers in JSON only because it is asked to; its answers are checked and mended."),
}


def speed(probe: dict[str, Any]) -> str:
    """ "41 tokens/s, first token 180 ms"; an answer that came in one piece has no rate."""
    words = []
    if probe.get("streaming") and (rate := probe.get("tokens_per_s")):
        about = "about " if probe.get("tokens_estimated") else ""
        words.append(f"{about}{rate:,.0f} tokens/s")
    if (first_s := probe.get("first_token_s")) is not None:
        words.append(f"first token {seconds(first_s)}")
    return ", ".join(words) or "answers"


def found(probe: dict[str, Any]) -> str:
    """The speed, and what else its test found: context, embeddings, and whether it counts the tokens of its answers."""
    words = [speed(probe)]
    if context := probe.get("context_length"):
        words.append(f"context {context:,} tokens")
    if probe.get("embeddings"):
        words.append(f"embeddings of {probe.get('dimension'):,} numbers")
    if probe.get("streaming"):
        counts = probe.get("usage_in_streams")
        words.append("counts tokens in streams" if counts else "tokens in streams are estimated")
    return ", ".join(words)


def seconds(value_s: float) -> str:
    """ "180 ms", "2.3 s"."""
    return f"{1000 * value_s:.0f} ms" if value_s < 1 else f"{value_s:.1f} s"


def moment(iso: str) -> str:
    """The UTC time of the library as local time, "22 Nov 09:12"."""
    return QDateTime.fromString(iso, Qt.DateFormat.ISODate).toLocalTime().toString("d MMM HH:mm")


def abilities(probe: dict[str, Any]) -> list[tuple[str, str]]:
    """What the server can do: a chip and its tooltip each."""
    found = []
    if probe.get("streaming"):
        found.append(("streaming", "Sends its answer piece by piece, so that drafts can be watched."))
    if words := RUNGS.get(str(probe.get("rung"))):
        found.append(words)
    if probe.get("logprobs"):
        found.append(("log-probs", "Tells how sure it was of each token."))
    return found
