"""One short request to the library, on its way to the store's thread and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shiboken6 import isValid

from lorastudio.domain.errors import KnownError


@dataclass(slots=True)
class Call:
    """`answer` and `failed` are bound methods of QObjects of the GUI thread; they are left out for objects that
    were deleted meanwhile. Exactly one of `result` and `error` counts once the call `has_run`."""

    request: Callable[..., Any]
    args: tuple[Any, ...]
    answer: Callable[[Any], None] | None
    failed: Callable[[KnownError], None] | None
    writes: bool
    result: Any = None
    error: KnownError | None = None

    def deliver(self) -> bool:
        """Give the outcome to whoever asked; False when it is an error that nobody takes."""
        if self.error is None:
            if self.answer is not None and _lives(self.answer):
                self.answer(self.result)
            return True
        if self.failed is None:
            return False
        if _lives(self.failed):
            self.failed(self.error)
        return True


def _lives(method: Callable[..., None]) -> bool:
    owner = getattr(method, "__self__", None)
    return owner is not None and isValid(owner)
