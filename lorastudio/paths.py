"""Where the program keeps its own files and finds what it was shipped with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lorastudio.domain.errors import KnownError

HOME_VARIABLE = "LORASTUDIO_HOME"


def application_home() -> Path:
    """The folder of the library: `LORASTUDIO_HOME`, else the system's place for application data."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return expanded(Path(chosen))
    if sys.platform == "darwin":
        return expanded(Path("~/Library/Application Support/LoRA Studio"))
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG rules say that a relative path there is to be ignored.
    return Path(data) / "lorastudio" if Path(data).is_absolute() else expanded(Path("~/.local/share/lorastudio"))


def expanded(path: Path) -> Path:
    """An absolute path, with a leading ~ replaced; `KnownError` when the user it means has no home folder."""
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise KnownError(
            f"The home folder meant by {path} is not known.", f"Set {HOME_VARIABLE} to a folder."
        ) from error


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
