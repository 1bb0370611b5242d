"""Draft, curate, train, gate and deploy LoRA adapters on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lorastudio.api import PairFilter, Studio, TrainConfig

__version__ = "0.1.0"

__all__ = ["PairFilter", "Studio", "TrainConfig", "__version__"]


def __getattr__(name: str) -> Any:
    """The public names at their first use: every child process imports this package, and none needs the library."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lorastudio import api

    return getattr(api, name)
