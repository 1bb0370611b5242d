"""argv only: which of the program's modes to start. Nothing heavy is imported before the choice is made."""

from __future__ import annotations

import sys


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
    from lorastudio.cli.main import run_cli

    return run_cli()


if __name__ == "__main__":
    sys.exit(main())
