"""All curves of one run, fed with the worker's messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lorastudio.ui.widgets.plots.curve import Curve

MEGABYTE = 1e6


class RunCurves:
    """What is measured at every step and, as `development_…`, at every evaluation; `steps` is the number of steps of
    the whole run, 0 while unknown."""

    def __init__(self) -> None:
        self.steps = 0
        self.loss = Curve()
        self.preference = Curve(smoothing=0.9)  # a step sees only a few pairs
        self.margin = Curve(smoothing=0.9)
        self.gradient_norm = Curve()
        self.learning_rate = Curve(smoothing=0.0)
        self.tokens_per_s = Curve()
        self.memory_mb = Curve(smoothing=0.0)
        self.memory_now_mb = Curve(smoothing=0.0)
        self.development_loss = Curve(smoothing=0.0)
        self.development_preference = Curve(smoothing=0.0)
        self.development_tokens = Curve(smoothing=0.0)
        self.development_quality = Curve(smoothing=0.0)

    @property
    def last_step(self) -> int:
        return int(self.loss.last_step)

    def read(self, steps: Iterable[Mapping[str, Any]], evals: Iterable[Mapping[str, Any]]) -> None:
        """Take in what the library remembers."""
        for record in steps:
            self.add_step(record)
        for record in evals:
            self.add_eval(record)

    def add_step(self, record: Mapping[str, Any]) -> None:
        """A `step` message."""
        step = int(record["step"])
        self.steps = int(record.get("steps") or self.steps)
        if step <= self.last_step:
            for curve in self._development():
                curve.forget_after(step - 1)
        self.loss.add(step, record.get("loss"))
        for curve, name, unit in (
            (self.preference, "accuracy", 1.0),
            (self.margin, "margin", 1.0),
            (self.gradient_norm, "gradient_norm", 1.0),
            (self.learning_rate, "learning_rate", 1.0),
            (self.tokens_per_s, "tokens_per_s", 1.0),
            (self.memory_mb, "peak_memory_bytes", MEGABYTE),
            (self.memory_now_mb, "memory_bytes", MEGABYTE),
        ):
            _add(curve, step, record.get(name), unit)

    def add_eval(self, record: Mapping[str, Any]) -> None:
        """An `eval` message: figures on the development pairs."""
        step = int(record["step"])
        # Over the base model, as the steps' own accuracy is, wherever the base's likelihoods are known.
        over_base = record.get("reference_accuracy")
        _add(self.development_loss, step, record.get("loss"))
        _add(self.development_preference, step, record.get("accuracy") if over_base is None else over_base)
        _add(self.development_tokens, step, record.get("token_accuracy"))
        _add(self.development_quality, step, record.get("quality"))

    def _development(self) -> tuple[Curve, ...]:
        return self.development_loss, self.development_preference, self.development_tokens, self.development_quality


def _add(curve: Curve, step: int, value: float | None, unit: float = 1.0) -> None:
    """What was not measured makes no gap."""
    if value is not None:
        curve.add(step, float(value) / unit)
