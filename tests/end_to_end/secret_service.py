"""A Secret Service as Linux desktops have it: the real gnome-keyring, on a D-Bus of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jeepney import message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
START_LIMIT_S = 20.0
_NAME = "org.freedesktop.secrets"
# Without directories of services nothing is started by asking for it: what answers is the daemon below.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


@contextmanager
def secret_service(folder: Path) -> Iterator[dict[str, str]]:
    """The variables that lead a program to an unlocked keyring; nothing of it runs after the block."""
    folder.mkdir(mode=0o700)
    socket, config = folder / "bus", folder / "bus.conf"
    config.write_text(_BUS.format(socket=socket))
    address = f"unix:path={socket}"
    variables = {
        "DBUS_SESSION_BUS_ADDRESS": address,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring",
    }
    daemon = ("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
    with _running(("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"), variables):
        _wait_until(socket.exists)
        with _running(daemon, variables, said="password of the keyring"):
            _wait_until(lambda: _is_served(address))
            yield variables


@contextmanager
def _running(command: Sequence[str], variables: dict[str, str], said: str = "") -> Iterator[None]:
    """A daemon that hears `said` on its stdin; it has ended after the block."""
    with subprocess.Popen(
        command,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(said.encode())
        process.stdin.close()
        try:
            yield
        finally:
            process.terminate()


def _is_served(address: str) -> bool:
    with open_dbus_connection(bus=address) as connection:
        (owned,) = Proxy(message_bus, connection).NameHasOwner(_NAME)
        return bool(owned)


def _wait_until(come: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not come():
        assert time.monotonic() < deadline, "the Secret Service did not start"
        time.sleep(0.02)
