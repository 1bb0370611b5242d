"""The group of a question: what keys the split, so that one question never lies on both sides."""

from __future__ import annotations

import hashlib

from lorastudio.datasets.words import normalised
from lorastudio.domain.messages import Conversation


def group_of(text: str) -> str:
    """The group of a question that nobody gave one: equal words make equal groups."""
    digest = hashlib.blake2b(normalised(text).encode("utf-8", "surrogatepass"), digest_size=8)
    return f"q-{digest.hexdigest()}"


def question_of(prompt: Conversation) -> str:
    """What a prompt asks, as one text: all turns but the system's, since the same question under another system
    prompt is still the same question."""
    return "\n".join(message.content for message in prompt if message.role != "system")
