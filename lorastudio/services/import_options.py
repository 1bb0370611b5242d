"""How files are to be imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from lorastudio.domain.events import as_json


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`accept`: as the person's bulk decision, else pairs wait for review. `format` and `columns` ("chosen=answer")
    say what is not to be found out, `prompt` what plain texts answer. `near_duplicates` None: compared where all that
    is compared fits into memory. `dry_run` writes nothing to the library. `report_to` gets the report as JSON, or as
    text where its name does not end in `.json`; `save_refused` gets what was refused, as JSON lines.
    """

    accept: bool = False
    format: str | None = None
    columns: tuple[str, ...] = ()
    prompt: str | None = None
    near_duplicates: bool | None = None
    dry_run: bool = False
    report_to: Path | None = None
    save_refused: Path | None = None

    def as_record(self) -> dict[str, Any]:
        """The options as JSON."""
        record: dict[str, Any] = as_json(self)
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The options that `as_record` gave."""
        files = {name: None if record[name] is None else Path(record[name]) for name in ("report_to", "save_refused")}
        return cls(**{**record, **files, "columns": tuple(record["columns"])})
