"""The first message of every child that computes."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from lorastudio import __version__
from lorastudio.training.protocol import PROTOCOL
from lorastudio.worker.base_model import backend


def hello() -> dict[str, Any]:
    """Protocol, where MLX computes, and the versions of what computes."""
    versions = {"lorastudio": __version__} | {name: version(name) for name in ("mlx", "mlx-lm")}
    return {"type": "hello", "protocol": PROTOCOL, "backend": backend(), "versions": versions}
