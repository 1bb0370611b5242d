"""What a person says about a file instead of leaving it to be found out: its format, its columns, its prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lorastudio.datasets.formats.recognition import FORMATS
from lorastudio.domain.errors import UsageError

_OURS = {"good": "completion", "bad": "bad_example"}


@dataclass(frozen=True, slots=True)
class Choice:
    """`format` is a name of `FORMATS`. `columns` maps names that formats know to those that the file has.
    `prompt` is what plain texts without a prompt answer."""

    format: str | None = None
    columns: Mapping[str, str] | None = None
    prompt: str | None = None

    def renamed(self, values: dict[str, Any]) -> dict[str, Any]:
        """The row with its columns under the names that formats know."""
        columns = {known: named for known, named in (self.columns or {}).items() if named in values}
        if not columns:
            return values
        taken = set(columns.values())
        kept = {name: value for name, value in values.items() if name not in taken and name not in columns}
        return {known: values[named] for known, named in columns.items()} | kept


def parse_choice(format: str | None, columns: Sequence[str], prompt: str | None) -> Choice:
    """What was typed; `columns` as "chosen=answer". UsageError names what makes no sense."""
    names = [known.name for known in FORMATS]
    plain = None if format is None else format.strip().lower().replace("-", " ").replace("_", " ")
    name = next((name for name in names if name.replace("-", " ") == plain), None)
    if format is not None and name is None:
        raise UsageError(f"There is no format {format!r}.", f"The formats are: {', '.join(sorted(names))}.")
    if prompt is not None and not prompt.strip():
        raise UsageError("The prompt of plain texts is empty.", "Say in words what these texts answer.")
    return Choice(name, dict(_pair(text) for text in columns), prompt)


def _pair(text: str) -> tuple[str, str]:
    known, sign, named = (part.strip() for part in text.partition("="))
    if not (known and sign and named):
        raise UsageError(f"{text!r} maps no column.", "Write it as --map chosen=answer: our name, then the file's.")
    return _OURS.get(known, known), named
