"""The backend over a real library: requests, writes, jobs, and an end within its limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QThread

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import BATCH_MS, Job
from lorastudio.bridge.requests.overview import Overview, read_overview
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.domain.events import Event, Progressed, Warned
from tests.bridge.loop import run_until


class Asker(QObject):
    """Receives answers, and notes the thread on which they come."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[object] = []
        self.errors: list[KnownError] = []
        self.threads: set[QThread] = set()

    def take(self, answer: object) -> None:
        self.answers.append(answer)
        self.threads.add(QThread.currentThread())

    def fail(self, error: KnownError) -> None:
        self.errors.append(error)
        self.threads.add(QThread.currentThread())


@pytest.fixture
def backend(application: object, tmp_path: Path) -> Iterator[Backend]:
    made = Backend(tmp_path / "home")
    made.open()
    run_until(lambda: made.is_open)
    yield made
    assert made.close()


def thread_name(library: object) -> str:
    return QThread.currentThread().objectName()


def refuse(library: object) -> Changes:
    raise KnownError("That can't be.", "Do something else.")


def break_down(library: object) -> None:
    raise ZeroDivisionError


def write(library: object) -> Changes:
    return Changes(pairs=(7,))


def count_to(library, servers, cancel, last: int) -> Iterator[Event]:
    for number in range(1, last + 1):
        yield Progressed("counting", number, last)


def count_for_ever(library, servers, cancel) -> Iterator[Event]:
    while True:
        cancel.check()
        yield Warned("still here")
        time.sleep(0.002)


def fail_at_once(library, servers, cancel) -> Iterator[Event]:
    yield Warned("before it")
    raise KnownError("The server is down.", "Start it.")


def ignore_stop(library, servers, cancel, release: threading.Event) -> Iterator[Event]:
    release.wait()
    yield from ()


def test_requests_are_answered_on_this_thread_from_that_one(backend: Backend) -> None:
    asker = Asker()
    backend.ask(thread_name, answer=asker.take)
    backend.ask(read_overview, answer=asker.take)
    run_until(lambda: len(asker.answers) == 2)
    assert asker.answers[0] == "store"
    assert isinstance(asker.answers[1], Overview) and asker.answers[1].is_empty
    assert asker.threads == {QThread.currentThread()}


def test_requests_before_the_library_is_open_wait(application: object, tmp_path: Path) -> None:
    backend, asker = Backend(tmp_path / "home"), Asker()
    backend.ask(thread_name, answer=asker.take)
    backend.open()
    run_until(lambda: asker.answers)
    assert backend.close()


def test_a_write_tells_what_changed(backend: Backend) -> None:
    asker = Asker()
    backend.changed.connect(asker.take)
    backend.act(write)
    run_until(lambda: asker.answers)
    assert asker.answers == [Changes(pairs=(7,))]


def test_errors_have_words(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LORASTUDIO_HOME", str(tmp_path / "home"))
    asker, window = Asker(), Asker()
    backend.failed.connect(window.fail)
    backend.act(refuse, failed=asker.fail)
    backend.act(refuse)
    backend.ask(break_down, answer=asker.take, failed=asker.fail)
    run_until(lambda: len(asker.errors) == 2 and window.errors)
    assert asker.errors[0].message == "That can't be."
    assert "ZeroDivisionError" in asker.errors[1].message
    assert "Traceback" not in str(asker.errors[1])
    assert "ZeroDivisionError" in (tmp_path / "home" / "logs" / "lorastudio.log").read_text()


def test_an_answer_for_somebody_who_is_gone_is_dropped(backend: Backend) -> None:
    import shiboken6

    gone, here = Asker(), Asker()
    backend.ask(thread_name, answer=gone.take)
    shiboken6.delete(gone)
    backend.ask(thread_name, answer=here.take)
    run_until(lambda: here.answers)
    assert len(here.answers) == 1


def test_events_come_in_batches_and_none_is_lost(backend: Backend) -> None:
    asker = Asker()
    job = backend.start("test", "Counting", count_to, 5000)
    job.events.connect(asker.take)
    run_until(lambda: job.state == "done")
    assert [event.done for batch in asker.answers for event in batch] == list(range(1, 5001))
    assert len(asker.answers) < 500
    assert asker.threads == {QThread.currentThread()}
    assert job.progress is not None and job.progress.done == 5000


def test_a_quiet_job_is_heard_without_a_further_event(backend: Backend) -> None:
    asker, release = Asker(), threading.Event()

    job = backend.start("test", "Waiting", _one_and_wait, release)
    job.events.connect(asker.take)
    run_until(lambda: asker.answers)
    assert job.state == "running"
    release.set()
    run_until(lambda: job.state == "done")


def _one_and_wait(library, servers, cancel, release: threading.Event) -> Iterator[Event]:
    yield Warned("here")
    yield Warned("and here")
    release.wait()


def test_stopping_a_job(backend: Backend) -> None:
    ended: list[Job] = []
    asker = Asker()
    backend.job_ended.connect(asker.take)
    job = backend.start("test", "For ever", count_for_ever)
    run_until(lambda: job.telling.warnings)
    assert backend.running("test") == [job] and not ended
    job.stop()
    assert job.stopping
    run_until(lambda: asker.answers)
    assert job.state == "stopped" and job.error is None and backend.running() == []


def test_a_failed_job_keeps_its_words(backend: Backend) -> None:
    job = backend.start("test", "Failing", fail_at_once)
    run_until(lambda: job.state != "running")
    assert job.state == "failed" and job.error is not None and job.error.hint == "Start it."
    assert job.telling.warnings == ["before it"]


def test_a_busy_library_is_said_and_can_be_tried_again(application: object, tmp_path: Path) -> None:
    from lorastudio.store.library import Library

    asker = Asker()
    backend = Backend(tmp_path)
    backend.open_failed.connect(asker.fail)
    with Library.open(tmp_path, write=True, verb="a test"):
        backend.open()
        run_until(lambda: asker.errors)
    assert "a test" in asker.errors[0].message
    backend.open()
    run_until(lambda: backend.is_open)
    assert backend.close()


def test_closing_stops_running_work(application: object, tmp_path: Path) -> None:
    backend = Backend(tmp_path)
    backend.open()
    run_until(lambda: backend.is_open)
    job = backend.start("test", "For ever", count_for_ever)
    assert backend.close()
    assert job.wait(0)


def test_closing_gives_up_on_work_that_does_not_stop(
    application: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lorastudio.bridge.backend.JOBS_LIMIT_S", 3 * BATCH_MS / 1000)
    release = threading.Event()
    backend = Backend(tmp_path)
    backend.open()
    run_until(lambda: backend.is_open)
    backend.start("test", "Deaf", ignore_stop, release)
    assert not backend.close()
    release.set()
    assert backend.close()
