"""One window per library: hears other starts of the program, takes their files and comes to the front."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from lorastudio.ui.hand_over import ANSWER, socket_path

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

MOST_BYTES = 1_000_000


class InstanceServer(QObject):
    """Hears other starts of the program. Without it, when no socket can be made, a second start says that the
    library is busy."""

    called = Signal(object)  # list[Path]: files to import, maybe none; come to the front

    def __init__(self, home: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._path = socket_path(home)
        self._server: QLocalServer | None = None
        self._pending: dict[QLocalSocket, bytes] = {}

    def listen(self) -> bool:
        """Start to listen; False when that can't be. Whoever asked before found nobody there."""
        try:
            from PySide6.QtNetwork import QLocalServer
        except ImportError:  # a small Linux may lack the Kerberos library that Qt's network links to
            return False
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(str(self._path))
        if not server.listen(str(self._path)):
            return False
        server.newConnection.connect(self._on_connection)
        self._server = server
        return True

    def close(self) -> None:
        """Stop listening; the socket's file goes."""
        if self._server is not None:
            self._server.close()
            self._server = None

    @Slot()
    def _on_connection(self) -> None:
        while self._server is not None and (caller := self._server.nextPendingConnection()) is not None:
            self._pending[caller] = b""
            caller.readyRead.connect(self._on_ready)
            caller.disconnected.connect(self._on_gone)
            self._read(caller)

    @Slot()
    def _on_ready(self) -> None:
        self._read(self.sender())

    @Slot()
    def _on_gone(self) -> None:
        caller = self.sender()
        self._pending.pop(caller, None)
        caller.deleteLater()

    def _read(self, caller: QLocalSocket) -> None:
        heard = self._pending.get(caller, b"") + bytes(caller.readAll().data())
        line, end, _ = heard.partition(b"\n")
        if not end and len(heard) < MOST_BYTES:
            self._pending[caller] = heard
            return
        try:
            files = [Path(name) for name in json.loads(line)["files"]]
        except (ValueError, KeyError, TypeError):
            caller.abort()
            return
        caller.write(ANSWER)
        caller.flush()
        caller.disconnectFromServer()
        self.called.emit(files)
