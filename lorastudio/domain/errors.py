"""The errors of the program.

LoraStudioError
├── KnownError            the user's world: a bad file, a server that is down, a full disk
│   ├── UsageError        what was asked makes no sense as asked (exit code 2 in the terminal)
│   ├── LibraryError      the library can't be opened or is damaged
│   │   ├── LibraryBusyError     another process is writing
│   │   └── LibraryTooNewError   written by a newer program
│   ├── EndpointError     a server refused, failed or answered nonsense
│   ├── ImportFileError   a file holds nothing that can be imported
│   ├── TrainingError     a run can't start or failed
│   ├── RefusedError      the gate, or a rule of the loop, says no
│   └── Cancelled         somebody asked the work to stop
└── BugError              ours: should never be seen
"""

from __future__ import annotations


class LoraStudioError(Exception):
    """Root of all errors raised on purpose."""


class KnownError(LoraStudioError):
    """Something in the user's world is wrong, and we can say what.

    `message` says what happened and where, in plain words; `hint` says what to do next
    (empty when there is nothing sensible to do).
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(KnownError):
    """What was asked makes no sense as asked."""


class LibraryError(KnownError):
    """The library can't be opened or is damaged."""


class LibraryBusyError(LibraryError):
    """Another process is writing to the library."""


class LibraryTooNewError(LibraryError):
    """The library was written by a newer version of the program."""


class EndpointError(KnownError):
    """A server refused, failed or answered nonsense.

    `status` is the HTTP status when there was one; `retry_after_s` what the server asked for.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int | None = None,
        retryable: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class ImportFileError(KnownError):
    """A file holds nothing that can be imported."""


class TrainingError(KnownError):
    """A run can't start, or failed.

    `resumable` when going on from its last checkpoint may succeed; `failure` names the way a worker ended
    ("out of memory") where smaller pieces of the same work may get through, and is empty elsewhere.
    """

    def __init__(self, message: str, hint: str = "", *, resumable: bool = False, failure: str = "") -> None:
        super().__init__(message, hint)
        self.resumable = resumable
        self.failure = failure


class RefusedError(KnownError):
    """The gate, or a rule of the loop, says no."""


class Cancelled(KnownError):
    """Somebody asked the work to stop; what was finished is kept."""

    def __init__(self, message: str = "Stopped; what was finished is kept.", hint: str = "") -> None:
        super().__init__(message, hint)


class BugError(LoraStudioError):
    """A fault of ours."""
