"""The program's window mode as a process: what it imports, says, hands over, and leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lorastudio.ui.hand_over import hand_over, socket_path

HEAVY = ("numpy", "httpx", "pyqtgraph", "mlx", "transformers", "sqlite_utils", "scipy", "rich", "typer")
LOOK_AT_FIRST_FRAME = f"""
import os, sys
from lorastudio.ui.main_window import MainWindow
def look(self):
    sys.stdout.write(" ".join(name for name in {HEAVY!r} if name in sys.modules))
    sys.stdout.flush()
    os._exit(0)
MainWindow._on_first_frame = look
sys.argv = ["lorastudio"]
from lorastudio.__main__ import main
main()
"""
LIMIT_S = 60.0


def environment(home: Path, **more: str) -> dict[str, str]:
    return os.environ | {"LORASTUDIO_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"} | more


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lorastudio", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home),
    )


def wait_for_window(home: Path) -> None:
    give_up_s = time.monotonic() + LIMIT_S
    while not hand_over(home, []):
        assert time.monotonic() < give_up_s, "no window answers"
        time.sleep(0.02)


def test_the_first_frame_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK_AT_FIRST_FRAME],
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        timeout=LIMIT_S,
        check=True,
    )
    assert done.stdout == ""


def test_a_second_start_hands_over_and_the_first_ends_in_order(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"prompt": "Why?", "chosen": "Because it is so.", "rejected": "No idea!"}\n')
    home = tmp_path / "home"
    first = start(home)
    wait_for_window(home)
    second = start(home, str(file))
    assert second.communicate(timeout=LIMIT_S) == ("", "")
    assert second.returncode == 0
    give_up_s = time.monotonic() + LIMIT_S
    while _pairs(home) != 1:
        assert time.monotonic() < give_up_s, "the file was not imported"
        time.sleep(0.05)
    first.send_signal(signal.SIGTERM)
    assert first.communicate(timeout=LIMIT_S) == ("", "")
    assert first.returncode == 0
    assert not socket_path(home).exists()


def test_a_killed_window_is_no_obstacle(tmp_path: Path) -> None:
    first = start(tmp_path)
    wait_for_window(tmp_path)
    first.kill()
    first.communicate()
    assert socket_path(tmp_path).exists()
    second = start(tmp_path)
    wait_for_window(tmp_path)
    second.send_signal(signal.SIGINT)
    assert second.communicate(timeout=LIMIT_S) == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_one_line_names_the_demo(tmp_path: Path) -> None:
    bare = {name: value for name, value in environment(tmp_path).items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    del bare["QT_QPA_PLATFORM"]
    for extra in ({}, {"DISPLAY": ":12345"}):
        done = subprocess.run(
            [sys.executable, "-m", "lorastudio"],
            capture_output=True,
            text=True,
            env=bare | extra,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 1 and done.stdout == ""
        assert len(done.stderr.splitlines()) == 1 and "lorastudio demo" in done.stderr


def test_a_long_home_gets_a_short_socket(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30)
    assert len(os.fsencode(socket_path(home))) <= 100
    assert socket_path(home) != socket_path(tmp_path / ("gone" * 30))
    assert not hand_over(home, [])


def _pairs(home: Path) -> int:
    from lorastudio.domain.errors import LibraryBusyError
    from lorastudio.domain.pair import PairState
    from lorastudio.store.library import Library
    from lorastudio.store.pairs import count_pairs

    try:
        with Library.open(home, write=False) as library:
            return count_pairs(library)[PairState.PENDING]
    except LibraryBusyError:  # the window is just making it
        return 0
