"""What versions, verdicts and guards are called in the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLocale

from lorastudio.ui.wording import version_name

STATE_CHIPS = {
    "live": ("live", "good"),
    "candidate": ("candidate", "warn"),
    "archived": ("archived", ""),
    "failed the gate": ("failed the gate", "bad"),
    "not enough evidence": ("undecided", "warn"),
    "not judged": ("not judged", ""),
}
VERDICT_CHIPS = {"better": "good", "worse": "bad", "not enough evidence": "warn"}
GUARD_NAMES = {
    "no repetition": "Repetition",
    "end of answer": "Answers come to an end",
    "language": "Language of the question",
    "answer length": "Length of answers",
    "log-prob of good answers": "Likelihood of good drafts",
    "not worse than the base": "Against the base",
    "canaries": "General canaries",
    "contamination": "Gate questions trained on",
}


def opponent_name(against: str) -> str:
    """The report's "base" or "version 3" → "the base model" or "v3"."""
    number = against.removeprefix("version ")
    return version_name(int(number) if number.isdecimal() else None)


def at_start(name: str) -> str:
    """A version's name at the start of a sentence."""
    return f"T{name[1:]}" if name.startswith("the ") else name


def day(date: str) -> str:
    """2026-11-22T12:00:00Z → 22 Nov."""
    year, month, of_month = [*date[:10].split("-"), "", ""][:3]
    if not (year.isdecimal() and month.isdecimal() and of_month.isdecimal()):
        return date
    return f"{int(of_month)} {QLocale().monthName(int(month), QLocale.FormatType.ShortFormat)}"


def guard_name(guard: dict[str, Any]) -> str:
    name = str(guard["name"])
    return GUARD_NAMES.get(name) or name.replace("criterion ", "Criterion: ")


def guard_figure(guard: dict[str, Any]) -> str:
    """Its value in its own unit; see `domain.gate.Guard`."""
    name, value = str(guard["name"]), float(guard["value"])
    if name == "answer length":
        return f"× {value:.2f}"
    if name == "log-prob of good answers":
        return f"{value:+.2f} nats"
    if name == "canaries":
        return f"{-100 * value:+.0f}%"
    if name == "contamination":
        return f"{value:.0f}"
    return f"{value:+.1f} points"


def gain_text(report: dict[str, Any] | None) -> str:
    """The gain in points, empty where nothing was compared."""
    gain = None if report is None else report.get("gain")
    return "" if gain is None else f"{gain:+.1f}"


def interval_text(report: dict[str, Any] | None) -> str:
    interval = None if report is None else report.get("interval")
    return "" if interval is None else f"{interval[0]:+.1f} to {interval[1]:+.1f}"


def base_short_name(base: str) -> str:
    """The last part of a hub name or a folder, with the beginning of the commit where one is named."""
    name, at, commit = base.rstrip("/").rpartition("/")[2].partition("@")
    return f"{name}{at}{commit[:7]}"


def short_hash(digest: str) -> str:
    """ "6f2c…91ab"."""
    return digest if len(digest) <= 12 else f"{digest[:4]}…{digest[-4:]}"
