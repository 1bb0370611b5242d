"""The report on a run's data in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lorastudio.cli.session import counted

SIDES = {"train": "Training", "development": "Development", "heldout": "Held out"}
TEXTS = {"prompt": "prompts", "good": "good answers", "bad": "bad answers"}
NAMED_ROWS = 8


def data_words(figures: Mapping[str, Any]) -> Iterator[str]:
    """One line for each side that has rows, one for each reason why rows are left out."""
    languages = figures.get("languages", {})
    for side, title in SIDES.items():
        report = figures["files"][side]
        if report["rows"]:
            yield f"{title}: {_rows(report)}{_languages(languages.get(side, {}))}; {_tokens(report)}."
        yield from (_left_out(f"{title}, left out", reason) for reason in report["left_out"])
    yield from (_left_out("Set aside", reason) for reason in figures.get("not_frozen", ()))
    if figures["thinking"]["enabled"]:
        yield "The model is asked to think before it answers."


def _rows(report: Mapping[str, Any]) -> str:
    """The rows that are used, of all that were frozen."""
    left_out = sum(len(reason["ids"]) for reason in report["left_out"])
    return f"{report['rows']} of {report['rows'] + left_out} rows" if left_out else counted(report["rows"], "row")


def _tokens(report: Mapping[str, Any]) -> str:
    found = [(name, report[text]) for text, name in TEXTS.items() if report[text]]
    return ", ".join(
        f"{name} of {tokens['min']} to {tokens['max']} tokens (median {tokens['median']}, 95% within {tokens['p95']}, "
        f"{tokens['total']} in all)"
        for name, tokens in found
    )


def _languages(counts: Mapping[str, int]) -> str:
    words = ", ".join(f"{number} {language}" for language, number in sorted(counts.items()))
    return f" ({words})" if words else ""


def _left_out(title: str, reason: Mapping[str, Any]) -> str:
    return f"{title}: {counted(len(reason['ids']), 'row')}, {reason['reason']} ({_named(reason['ids'])})."


def _named(ids: Sequence[int]) -> str:
    named = ", ".join(str(row_id) for row_id in ids[:NAMED_ROWS])
    return named if len(ids) <= NAMED_ROWS else f"{named} and {len(ids) - NAMED_ROWS} more; --json lists all"
