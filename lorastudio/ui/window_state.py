"""What comes back after a restart: a small file that is read before the first frame."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from lorastudio.domain.files import write_atomic

STATE_FILE = "window.json"


@dataclass(slots=True)
class WindowState:
    """`geometry` is Qt's own, in base64; `panes` holds what each pane wants back."""

    geometry: str = ""
    pane: str = ""
    theme: str = "system"
    panes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, home: Path) -> WindowState:
        """The saved state; a fresh one where there is none or it can't be read."""
        try:
            record = json.loads((home / STATE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return cls()
        fresh = cls()
        if isinstance(record, dict):
            for item in fields(cls):
                value = record.get(item.name)
                if isinstance(value, type(getattr(fresh, item.name))):
                    setattr(fresh, item.name, value)
        return fresh

    def save(self, home: Path) -> None:
        """Write it whole or not at all. OSError when it can't be written."""
        home.mkdir(parents=True, exist_ok=True)
        write_atomic(home / STATE_FILE, json.dumps(asdict(self), ensure_ascii=False).encode())
