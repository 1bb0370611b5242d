"""Signals ask the work to stop and keep what is finished."""

from __future__ import annotations

import os
import signal

import pytest

from lorastudio.cli.session import STOPS, Session


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_asks_the_work_to_stop_and_a_second_one_ends_it(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    session = Session(None, False)
    before = signal.getsignal(number)
    with session.stoppable():
        os.kill(os.getpid(), number)
        assert session.cancel.cancelled
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before
    assert "what is finished is kept" in capfd.readouterr().err


def test_under_nohup_a_closed_terminal_stops_nothing() -> None:
    session = Session(None, False)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with session.stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
            assert not session.cancel.cancelled
    finally:
        signal.signal(signal.SIGHUP, before)
