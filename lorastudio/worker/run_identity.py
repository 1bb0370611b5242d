"""What a run is: everything that its numbers depend on, so that a checkpoint of another run is told from its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from lorastudio.domain.errors import UsageError
from lorastudio.domain.files import sha256_of
from lorastudio.training.config import EXECUTION_FIELDS, TrainConfig
from lorastudio.worker.base_model import BaseModel, backend

ROWS = {
    "train.jsonl": "the training rows",
    "development.jsonl": "the development rows",
    "heldout.jsonl": "the held-out rows",
}
SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """The parts: hashes of the rows by file, the settings that decide the result, hashes of the base model's files,
    and how it is computed (versions, device, processes, pieces), which decides no more than the last bits."""

    rows: Mapping[str, str]
    settings: Mapping[str, Any]
    base: Mapping[str, str]
    engine: Mapping[str, str]

    @classmethod
    def of(cls, base: BaseModel, data: Path, config: TrainConfig, processes: int = 1) -> Self:
        """Of the run that is to be done here; the rows' files may be missing."""
        return cls(
            rows={name: sha256_of(data / name) for name in ROWS if (data / name).is_file()},
            settings=config.identity_record(),
            base=dict(base.file_hashes),
            engine={"device": backend(), "number of processes": str(processes)}
            | {name: version(name) for name in ("mlx", "mlx-lm")}
            | {name: str(getattr(config, name)) for name in EXECUTION_FIELDS},
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From a checkpoint's JSON; KeyError or TypeError when it holds none."""
        return cls(record["rows"], record["settings"], record["base"], record["engine"])

    def as_record(self) -> dict[str, Any]:
        return asdict(self)

    def differences(self, saved: RunIdentity) -> list[str]:
        """In words, how this run differs from the one that was saved; empty: it is the same."""
        rows = [f"{ROWS[name]} ({name}) are others" for name in _changed(self.rows, saved.rows)]
        before = _with_new_defaults(saved.settings)
        settings = [
            f"the setting {name} is {_shown(self.settings.get(name))}, it was {_shown(before.get(name))}"
            for name in _changed(self.settings, before)
        ]
        base = [f"the base model's {name} is another one" for name in _changed(self.base, saved.base)]
        return [*rows, *settings, *base]

    def engine_differences(self, saved: RunIdentity) -> list[str]:
        """In words, what else computes than when it was saved; such a run may go on, but not bit for bit."""
        return [
            f"{name} is {self.engine.get(name)}, it was {saved.engine.get(name)}"
            for name in _changed(self.engine, saved.engine)
        ]


def _changed(now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    return (name for name in sorted({*now, *before}) if now.get(name) != before.get(name))


def _with_new_defaults(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings as this version of the program reads them: one that did not exist had what is the default now."""
    try:
        return TrainConfig.from_record(dict(settings)).identity_record()
    except (UsageError, TypeError):
        return settings


def _shown(value: Any) -> str:
    text = "the objective's own" if value is None else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
