"""The leak checks catch what they promise to catch, and let go what ends in time."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests import leak_checks

LEAKY_TESTS = """
import subprocess, sys, threading, time

forever = threading.Event()

def test_thread():
    threading.Thread(target=forever.wait, name="forgotten").start()

def test_daemon():
    threading.Thread(target=forever.wait, name="forgotten daemon", daemon=True).start()

def test_process():
    global child
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)

def test_slow_but_clean():
    threading.Thread(target=time.sleep, args=(0.1,)).start()

def test_older_leaks_are_not_mine():
    pass

def teardown_module():
    forever.set()
    child.communicate()
"""

LEAKY_WINDOW_TESTS = """
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QLabel
import pytest

@pytest.fixture(scope="module")
def application():
    yield QApplication.instance() or QApplication([])

kept = []

def test_timer(application):
    timer = QTimer(application)
    timer.setObjectName("forgotten timer")
    timer.start(1000)

def test_widget(application):
    kept.append(QLabel("forgotten label"))

def test_clean(application):
    label = QLabel("seen and gone")
    label.deleteLater()
    timer = QTimer(application)
    timer.start(1000)
    timer.stop()
"""


@pytest.fixture
def checked_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config):
    """Runs a file of tests in a process of its own with nothing but the leak checks."""

    def run(text: str) -> pytest.RunResult:
        monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath))
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess("-p", "tests.leak_checks", "-o", "leak_settle_s=0.3")

    return run


def test_names_threads_and_processes_left_alive(checked_run) -> None:
    result = checked_run(LEAKY_TESTS)
    result.assert_outcomes(passed=5, errors=3)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_thread*",
            "*thread 'forgotten' in wait, *threading.py:*",
            "*ERROR at teardown of test_daemon*",
            "*thread 'forgotten daemon' (daemon) in *",
            "*ERROR at teardown of test_process*",
            "*process *sys.stdin.read()*",
        ]
    )


def test_names_timers_and_widgets_left_alive(checked_run) -> None:
    result = checked_run(LEAKY_WINDOW_TESTS)
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_timer*",
            "*running timer 'forgotten timer'*",
            "*ERROR at teardown of test_widget*",
            "*widget *QLabel*",
        ]
    )


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps here")
def test_finds_processes_without_proc_too() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = leak_checks._processes_from_ps()
        child.communicate(b"\n")
    assert "input()" in found[child.pid]
    assert child.pid not in leak_checks._processes_from_ps()
