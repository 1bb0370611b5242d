"""argv only: which of the program's modes to start. Nothing heavy is imported before the choice is made."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path


def main() -> int:
    """Start the mode that argv names; returns the exit code."""
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode == "--worker":
        from lorastudio.worker.main import run_worker

        return run_worker()
    if mode == "--engine":
        from lorastudio.worker.engine_main import run_engine

        return run_engine()
    if mode == "--critic":
        from lorastudio.practice.critic_child import run_critic_child

        return run_critic_child()
    if mode == "--data":
        from lorastudio.services.data_child import run_data_child

        return run_data_child()
    if _means_window(sys.argv[1:]):
        return _run_window([Path(name) for name in sys.argv[1:]])
    from lorastudio.cli.main import run_cli

    return run_cli()


def _means_window(arguments: list[str]) -> bool:
    """No arguments, or files to import: names of something that is there, and that can't be verbs."""
    return all(("." in name or os.sep in name) and Path(name).exists() for name in arguments)


def _run_window(files: list[Path]) -> int:
    from lorastudio.ui.screen import NO_SCREEN, has_screen

    if not has_screen():
        sys.stderr.write(f"{NO_SCREEN}\n")
        return 1
    from lorastudio.paths import application_home
    from lorastudio.ui.hand_over import hand_over

    home = application_home()
    if hand_over(home, files):
        return 0
    gc.disable()  # what is made before the first frame stays: looking through it again and again costs a tenth
    try:
        from lorastudio.ui.app import run_window
    except ImportError as error:
        sys.stderr.write(f"The window can't be loaded: {error}. `lorastudio demo` works without it.\n")
        return 1
    return run_window(home, files)


if __name__ == "__main__":
    sys.exit(main())
