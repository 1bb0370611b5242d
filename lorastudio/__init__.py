"""Draft, curate, train, gate and deploy LoRA adapters on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lorastudio.api import Studio

__version__ = "0.1.0"

__all__ = ["Studio", "__version__"]


def __getattr__(name: str) -> Any:
    """`Studio` at its first use: every child process imports this package, and none of them needs the library."""
    if name != "Studio":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lorastudio.api import Studio

    return Studio
