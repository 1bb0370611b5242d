"""A test that leaves a thread, a process, a Qt timer or a widget alive fails, and is told what it left.

Threads, daemons too, and processes of this process and of its children are compared before and after each
test. Something that is on its way out gets `leak_settle_s` (pytest's configuration) to end. Qt is looked at only
where a test imported it.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

LOOK_AGAIN_S = 0.01

# Python's own helper, started by the first lock of multiprocessing (tqdm makes one); it ends with us, by design.
LASTING_HELPERS = ("multiprocessing.resource_tracker",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("leak_settle_s", "seconds that a thread, process, timer or widget may take to end", default="2")


@pytest.fixture(autouse=True)
def leak_check(pytestconfig: pytest.Config) -> Iterator[None]:
    before = _all_alive()
    yield
    deadline = time.monotonic() + float(pytestconfig.getini("leak_settle_s"))
    while leaked := {key: words for key, words in _all_alive().items() if key not in before}:
        if time.monotonic() > deadline:
            pytest.fail("Left alive by this test:\n" + "\n".join(leaked.values()), pytrace=False)
        time.sleep(LOOK_AGAIN_S)
        gc.collect()


def _all_alive() -> dict[object, str]:
    """Everything that must not outlive a test, by a key that stays the same while it lives, with words for it."""
    return {**_threads(), **_processes(), **_qt_objects()}


def _threads() -> dict[object, str]:
    """Python 3.11 lists a foreign thread, such as a QThread, for ever once it has asked who it is; one that has no
    frames any more has ended."""
    running = sys._current_frames()
    alive = [thread for thread in threading.enumerate() if thread.ident in running]
    return {thread: _describe(thread) for thread in alive if thread is not threading.main_thread()}


def _describe(thread: threading.Thread) -> str:
    words = f"thread {thread.name!r}{' (daemon)' if thread.daemon else ''}"
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return words
    where = traceback.extract_stack(frame)[-1]
    return f"{words} in {where.name}, {where.filename}:{where.lineno}"


def _processes() -> dict[object, str]:
    found = _processes_from_proc() if Path("/proc/self/task").exists() else _processes_from_ps()
    return {
        ("process", pid): f"process {pid}: {command}"
        for pid, command in found.items()
        if not any(helper in command for helper in LASTING_HELPERS)
    }


def _processes_from_proc() -> dict[int, str]:
    """Living descendants as pid and command line."""
    found: dict[int, str] = {}
    to_visit = [os.getpid()]
    while to_visit:
        for children in Path(f"/proc/{to_visit.pop()}/task").glob("*/children"):
            with suppress(OSError):  # a thread may end while we look
                living = {int(pid): _command_of(pid) for pid in children.read_text().split()}
                found |= {pid: command for pid, command in living.items() if command}
                to_visit += [pid for pid, command in living.items() if command]
    return found


def _command_of(pid: str) -> str:
    """The command line of a living process; empty for one that has ended, a zombie among them."""
    try:
        name, _, state = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(") ")
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    if state.startswith("Z"):
        return ""
    return command.replace(b"\0", b" ").decode(errors="replace").strip() or name  # no command line yet at its start


def _processes_from_ps() -> dict[int, str]:
    """The same for systems without /proc."""
    with subprocess.Popen(["ps", "-axo", "pid=,ppid=,state=,command="], stdout=subprocess.PIPE, text=True) as ps:
        rows = [line.split(None, 3) for line in ps.stdout or ()]
    descendants = {os.getpid()}
    found: dict[int, str] = {}
    for pid, parent, state, command in sorted(rows, key=lambda row: int(row[0])):
        if int(parent) in descendants and int(pid) != ps.pid and not state.startswith("Z"):
            descendants.add(int(pid))
            found[int(pid)] = command.strip()
    return found


def _qt_objects() -> dict[object, str]:
    """Running timers and all widgets, by the address of their C++ objects."""
    core, widgets = sys.modules.get("PySide6.QtCore"), sys.modules.get("PySide6.QtWidgets")
    if core is None:
        return {}
    import shiboken6

    if application := core.QCoreApplication.instance():
        application.sendPostedEvents(None, core.QEvent.Type.DeferredDelete.value)
    found: dict[object, str] = {}
    for item in gc.get_objects():
        if isinstance(item, core.QTimer) and shiboken6.isValid(item) and item.isActive():
            found["timer", shiboken6.getCppPointer(item)[0]] = f"running timer {item.objectName()!r} of {item.parent()}"
        if isinstance(item, core.QThread) and shiboken6.isValid(item) and item.isRunning() and not item.isMainThread():
            found["qthread", shiboken6.getCppPointer(item)[0]] = f"running thread of Qt {item.objectName()!r}"
    if widgets is not None and isinstance(core.QCoreApplication.instance(), widgets.QApplication):
        for widget in widgets.QApplication.allWidgets():
            found["widget", shiboken6.getCppPointer(widget)[0]] = f"widget {widget!r}"
    return found
