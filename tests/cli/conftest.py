from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from lorastudio.cli.main import run_cli
from tests.end_to_end.program import Done

Call = Callable[..., Done]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a verb in this process, over the test's own home: for what needs no process of its own."""

    def run(*arguments: object, as_json: bool = True) -> Done:
        monkeypatch.setattr(sys, "argv", ["lorastudio", *map(str, arguments), *(["--json"] if as_json else [])])
        code = run_cli()
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run
