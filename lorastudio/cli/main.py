"""The program in a terminal: assembles the verbs and turns errors into exit codes.

Exit codes: 0 done, 1 refused or failed with a clear message, 2 wrong usage.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

import lorastudio
from lorastudio.cli import (
    cleaning,
    critics,
    curation,
    data,
    demo,
    drafting,
    endpoints,
    library,
    models,
    rubrics,
    saved_filters,
    serving,
    training,
    verifying,
    versions,
)
from lorastudio.cli.plain_console import json_line
from lorastudio.domain.errors import Cancelled, KnownError, UsageError
from lorastudio.domain.printable import printable
from lorastudio.services.logbook import record_failure

# What typer makes of a KeyboardInterrupt.
INTERRUPTED = 130


def build_app() -> typer.Typer:
    """The program with all its verbs."""
    app = typer.Typer(
        name="lorastudio",
        help="Draft, curate, train, gate and deploy LoRA adapters on this machine.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_program)
    for verbs in (
        demo,
        endpoints,
        drafting,
        rubrics,
        critics,
        verifying,
        curation,
        saved_filters,
        cleaning,
        data,
        training,
        versions,
        serving,
        models,
        library,
    ):
        verbs.register(app)
    return app


def run_cli() -> int:
    """Run the verb in argv; returns the exit code and never shows a traceback."""
    _open_missing_streams()
    try:
        code = build_app()(standalone_mode=False)
    except typer.TyperException as error:
        return _explain(UsageError(error.format_message(), "Try `lorastudio --help`."), error.exit_code)
    except UsageError as error:
        return _explain(error, 2)
    except KnownError as error:
        return _explain(error, 1)
    except typer.Abort:
        return _stopped()
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; there is nobody to tell
        return 1
    except OSError as error:
        return _explain(_refused_by_system(error), 1)
    except Exception as error:
        return _explain(_own_fault(error), 1)
    if code == INTERRUPTED:
        return _stopped()
    return code if isinstance(code, int) else 0


def _open_missing_streams() -> None:
    """Take the places of standard streams that were closed, which would go to the next files that are opened."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w", encoding="utf-8"))


def _stopped() -> int:
    return _explain(Cancelled("Stopped at once.", "What was finished is kept."), 1)


def _explain(error: KnownError, code: int) -> int:
    record = {"error": {"message": error.message, "hint": error.hint}}
    with suppress(OSError):  # a full disk may be what is to be explained
        if "--json" in sys.argv:
            sys.stdout.write(json_line(record))
            sys.stdout.flush()
    with suppress(OSError):
        sys.stderr.write(f"{printable(str(error))}\n")
    return code


def _refused_by_system(error: OSError) -> KnownError:
    where = f" at {error.filename}" if error.filename else ""
    return KnownError(
        f"The system refused what was needed{where}: {error.strerror or error}.",
        f"Check the rights there and the free space. {_details(error)}",
    )


def _own_fault(error: Exception) -> KnownError:
    return KnownError(
        f"Something went wrong in LoRA Studio itself: {type(error).__name__}. Nothing unfinished was kept.",
        f"{_details(error)} Please report them.",
    )


def _details(error: Exception) -> str:
    place = record_failure(error)
    return "The details could not be written down." if place is None else f"The details are in {place}."


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"lorastudio {lorastudio.__version__}\n")
        raise typer.Exit


def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Draft, curate, train, gate and deploy LoRA adapters on this machine."""
