"""The owner of the library: lives on the store's thread, and answers short requests one after the other."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from lorastudio.bridge.call import Call
from lorastudio.bridge.failures import in_plain_words

if TYPE_CHECKING:
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library


class StoreKeeper(QObject):
    """Opens, asks and closes the library; everything heavy is imported here, after the first frame."""

    opened = Signal(object)  # list[str]: what a crash had left, and was mended
    open_failed = Signal(object)  # KnownError
    answered = Signal(object)  # Call

    def __init__(self, home: Path) -> None:
        super().__init__()
        self._home = home
        self._stack = ExitStack()
        self.library: Library | None = None
        self.servers: LocalServers | None = None

    @Slot()
    def open(self) -> None:
        """Open for work. `open_failed` leaves everything closed, so that it can be tried again."""
        try:
            from lorastudio.services.opening import open_for_work
            from lorastudio.services.servers import LocalServers

            with ExitStack() as stack:
                library, mended = stack.enter_context(open_for_work(self._home, "the window"))
                servers = stack.enter_context(LocalServers(library))
                self._stack = stack.pop_all()
        except BaseException as error:
            self.open_failed.emit(in_plain_words(error))
            return
        self.library, self.servers = library, servers
        self.opened.emit(mended)

    @Slot(object)
    def run(self, call: Call) -> None:
        """Carry out one call and send it back."""
        try:
            call.result = call.request(self.library, *call.args)
        except BaseException as error:
            call.error = in_plain_words(error)
        self.answered.emit(call)

    @Slot()
    def close(self) -> None:
        """End the children, then close the library and end the thread."""
        try:
            self._stack.close()
        except BaseException as error:
            in_plain_words(error)
        self.library = self.servers = None
        self.thread().quit()
