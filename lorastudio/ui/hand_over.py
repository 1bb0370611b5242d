"""Speaking to the window that is open already, without loading Qt: a second start is over in a moment."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

SOCKET_FILE = "window.socket"
LONGEST_PATH_BYTES = 100  # a socket's address is at most 103 bytes on a Mac
ANSWER_LIMIT_S = 2.0
ANSWER = b"ok\n"


def socket_path(home: Path) -> Path:
    """Where the window of this library listens: in its folder, or where that path is too long for a socket, in the
    system's folder for temporary files under a name made of it."""
    wanted = home / SOCKET_FILE
    if len(os.fsencode(wanted)) <= LONGEST_PATH_BYTES:
        return wanted
    import hashlib
    import tempfile

    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"lorastudio-{os.getuid()}-{name}.socket"


def hand_over(home: Path, files: Sequence[Path]) -> bool:
    """Give `files` to the window that is open for this library; False when there is none that answers."""
    line = json.dumps({"files": [str(path.absolute()) for path in files]}).encode() + b"\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(ANSWER_LIMIT_S)
        try:
            client.connect(str(socket_path(home)))
            client.sendall(line)
            return client.recv(len(ANSWER)) == ANSWER
        except OSError:
            return False
