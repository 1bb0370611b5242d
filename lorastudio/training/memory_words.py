"""A memory plan in words, from its record (the fields of the protocol's `plan` message)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lorastudio.domain.sizes import size_in_words
from lorastudio.training.memory_plan import Verdict

PARTS = {
    "weights": "base model",
    "adapter": "adapter",
    "optimizer": "optimiser and gradients",
    "activations": "activations",
    "logits": "logits",
    "caches": "caches",
}


def plan_line(plan: Mapping[str, Any]) -> str:
    """How much is needed of how much, what takes most of it, and the verdict."""
    largest = sorted(plan["parts"].items(), key=lambda part: -part[1])[:3]
    parts = ", ".join(f"{PARTS[name]} {size_in_words(size)}" for name, size in largest)
    tokens = plan["tokens_per_pass"]
    passes = f", in passes of at most {tokens:,} tokens" if tokens else ""
    return (
        f"Memory: about {size_in_words(plan['total_bytes'])} of {size_in_words(plan['budget_bytes'])} "
        f"({parts}){passes}: {plan['verdict']}."
    )


def plan_warning(plan: Mapping[str, Any]) -> str:
    """What to change when a run does not fit well; empty when it does."""
    if plan["verdict"] == Verdict.FITS:
        return ""
    changes = "; ".join(f"{change['what']} {size_in_words(change['total_bytes'])}" for change in plan["changes"])
    state = "is tight in" if plan["verdict"] == Verdict.TIGHT else "is probably too large for"
    advice = f" What would make it smaller: {changes}." if changes else " Nothing makes it smaller."
    return (
        f"This run needs about {size_in_words(plan['total_bytes'])} and {state} the "
        f"{size_in_words(plan['budget_bytes'])} that are free for it.{advice}"
    )
