"""Where the program keeps its own files and finds what it was shipped with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HOME_VARIABLE = "LORASTUDIO_HOME"


def application_home() -> Path:
    """The folder of the library: `LORASTUDIO_HOME`, else the system's place for application data."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "LoRA Studio"
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG rules say that a relative path there is to be ignored.
    base = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
    return base / "lorastudio"


def home_is_chosen() -> bool:
    """Whether `LORASTUDIO_HOME` names the home."""
    return bool(os.environ.get(HOME_VARIABLE))


def resources() -> Path:
    """The folder of what is shipped with the program: in a frozen program, an installed one, or a checkout."""
    if getattr(sys, "frozen", False):
        return Path(getattr(sys, "_MEIPASS", Path(sys.executable).parent)) / "resources"
    package = Path(__file__).resolve().parent
    installed = package / "resources"
    return installed if installed.is_dir() else package.parent / "resources"


def practice_model() -> Path:
    """The folder of the practice world's model, as `mlx_lm.load` takes it."""
    return resources() / "practice" / "model"
