"""The charts of a run: which of its curves each draws, in which colours, and how its values read."""

from __future__ import annotations

from typing import NamedTuple

from lorastudio.ui.widgets.plots.curve import Curve
from lorastudio.ui.widgets.plots.run_curves import RunCurves
from lorastudio.ui.widgets.plots.ticks import tick_text


class Drawn(NamedTuple):
    """A line by its name: an attribute of `RunCurves`, and a colour of the palette."""

    curve: str
    colour: str
    raw: bool = False


class ChartKind(NamedTuple):
    """`short` is the title where there is little room, `tip` has the field's term for it; the first line is the one
    that is told in words."""

    title: str
    short: str
    tip: str
    lines: dict[str, Drawn]
    unit: str = ""
    percent: bool = False

    def curves(self, of: RunCurves) -> dict[str, Curve]:
        """The curves of a run that it draws, by the names of its lines."""
        return {name: getattr(of, drawn.curve) for name, drawn in self.lines.items()}

    def value_in_words(self, of: RunCurves) -> str:
        """The last value, empty without any."""
        value = next(iter(self.curves(of).values())).smoothed
        if value is None:
            return ""
        return f"{100 * value:.0f}%" if self.percent else tick_text(value) + self.unit


LOSS = ChartKind(
    "Loss",
    "Loss",
    "What training makes smaller",
    {"train": Drawn("loss", "accent", raw=True), "development": Drawn("development_loss", "series2")},
)
SMALL = {
    "preference": ChartKind(
        "Prefers the good draft",
        "Prefers good",
        "Reward accuracy: how often the good draft of a pair is the likelier one; orange: on development pairs",
        {"train": Drawn("preference", "good"), "development": Drawn("development_preference", "series2")},
        percent=True,
    ),
    "margin": ChartKind(
        "Lead of the good draft",
        "Lead of good",
        "Reward margin: how far the good draft of a pair is ahead of the bad one, on average",
        {"train": Drawn("margin", "good")},
    ),
    "speed": ChartKind(
        "Tokens per second",
        "Tokens/s",
        "How fast the run is",
        {"train": Drawn("tokens_per_s", "series3")},
        " tokens a second",
    ),
    "memory": ChartKind(
        "Memory, MB",
        "Memory, MB",
        "Grey: the most so far; violet: after each step",
        {"peak": Drawn("memory_mb", "dim"), "now": Drawn("memory_now_mb", "series3")},
        " MB",
    ),
    "gradient": ChartKind(
        "Gradient norm",
        "Gradient",
        "How hard each step pulls, before it is cut",
        {"train": Drawn("gradient_norm", "accent")},
    ),
    "rate": ChartKind("Learning rate", "Rate", "How far each step goes", {"train": Drawn("learning_rate", "accent")}),
    "tokens": ChartKind(
        "Next word right",
        "Next word",
        "Token accuracy on development pairs: share of the good drafts' tokens that were the first choice",
        {"development": Drawn("development_tokens", "series2")},
        percent=True,
    ),
    "quality": ChartKind(
        "Sampled quality",
        "Quality",
        "Mean quality of the answers sampled at each evaluation",
        {"development": Drawn("development_quality", "series2")},
        percent=True,
    ),
}
USUAL = ("preference", "speed", "memory")
