"""Every setting of a recipe: how it is called, what it does, and the field for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lorastudio.ui.panes.training.fields import (
    Choice,
    Field,
    Fraction,
    FreeNumber,
    Names,
    ObjectiveChoice,
    Switch,
    Whole,
)


class Part(NamedTuple):
    """One field; `name` is that in the recipe's record, `spoken` what a screen reader calls it."""

    name: str
    spoken: str
    make: Callable[[], Field]


class Line(NamedTuple):
    """A label with its field, or with two of them."""

    label: str
    tip: str
    parts: tuple[Part, ...]
    stacked: bool = False


def _line(name: str, label: str, tip: str, make: Callable[[], Field]) -> Line:
    return Line(label, tip, (Part(name, label, make),))


BASIC = (
    _line("objective", "Learn from", "The objective", ObjectiveChoice),
    Line(
        "Rank / alpha",
        "Size of the adapter, and how strongly it acts: alpha / rank scales it",
        (Part("rank", "Rank", lambda: Whole(1, 512)), Part("alpha", "Alpha", lambda: Fraction(0.5, 4096, 1))),
    ),
    _line("learning_rate", "Learning rate", "How far each step goes", lambda: FreeNumber(1, "5e-5")),
    _line("epochs", "Epochs", "How often every pair is seen", lambda: Whole(1, 1000)),
    _line("batch_size", "Batch", "Pairs of one pass", lambda: Whole(1, 1024, " pairs")),
    _line(
        "max_seq_length",
        "Max length",
        "Longer rows are left out and listed, never cut",
        lambda: Whole(8, 1_000_000, " tokens"),
    ),
)
ADAPTER = (
    _line(
        "adapter",
        "Adapter",
        "LoRA, or DoRA, which also learns the size of each weight's row: slower, at times better",
        lambda: Choice((("lora", "LoRA"), ("dora", "DoRA"))),
    ),
    _line(
        "layers", "Layers", "How many of the last blocks get an adapter", lambda: Whole(0, 1000, lowest=("all", None))
    ),
    _line("target_modules", "Modules", "Which linear layers, such as q_proj, v_proj", lambda: Names("all")),
    _line("dropout", "Dropout", "Share of its inputs that each step leaves out", lambda: Fraction(0, 0.95, 2)),
)
OBJECTIVE = (
    _line("beta", "Pull limit", "Beta: the smaller, the further it may move", lambda: FreeNumber(100, "0.1")),
    _line("nll_weight", "Imitation", "NLL weight: how much the good drafts are imitated", lambda: Fraction(0, 100, 2)),
    _line("gamma", "Lead", "Gamma: the lead that SimPO asks of the good draft", lambda: Fraction(0, 100, 2)),
    _line(
        "label_smoothing",
        "Doubt",
        "Label smoothing: share of pairs that may be the wrong way round",
        lambda: Fraction(0, 0.49, 2),
    ),
    Line(
        "Good / bad",
        "KTO: what a good draft counts, and a bad one",
        (
            Part("desirable_weight", "Weight of good drafts", lambda: Fraction(0.01, 100, 2)),
            Part("undesirable_weight", "Weight of bad drafts", lambda: Fraction(0.01, 100, 2)),
        ),
    ),
    _line(
        "replay_per_step",
        "Replay",
        "Old skills: the base model's own answers to general prompts, mixed into every step",
        lambda: Whole(0, 256, lowest=("none", 0)),
    ),
)
STEPS = (
    _line(
        "schedule",
        "Schedule",
        "How the learning rate falls after the warm-up",
        lambda: Choice((("cosine", "Cosine"), ("linear", "Linear"), ("constant", "Constant"))),
    ),
    _line("warmup_share", "Warm-up", "Share of the steps over which the rate rises", lambda: Fraction(0, 0.99, 2)),
    _line("accumulation", "Passes a step", "Accumulation: passes that make one step", lambda: Whole(1, 1024)),
    _line("weight_decay", "Weight decay", "How strongly the adapter's weights shrink", lambda: Fraction(0, 10, 3)),
    _line("clip_norm", "Gradient limit", "A longer gradient is cut to this length", lambda: Fraction(0.001, 1000, 3)),
    _line("seed", "Seed", "The same seed gives the same adapter", lambda: Whole(0, 2**31 - 1)),
)
WATCHING = (
    _line("evaluate_every_steps", "Look every", "Steps between evaluations", lambda: Whole(1, 100_000, " steps")),
    _line("samples", "Samples", "Development prompts answered at each", lambda: Whole(0, 256, lowest=("none", 0))),
    _line(
        "best_by",
        "Best by",
        "Whose adapter is kept: that of the least loss, or of the best sampled answers",
        lambda: Choice((("loss", "Loss"), ("quality", "Quality"))),
    ),
    _line(
        "early_stop",
        "Stop early",
        "After so many evaluations without a better one",
        lambda: Whole(0, 1000, lowest=("never", 0)),
    ),
    _line("checkpoint_every_steps", "Save every", "Steps between checkpoints", lambda: Whole(1, 100_000, " steps")),
)
COMPUTING = (
    Line(
        "Spare memory",
        "Both take more time and change no result",
        (
            Part("lean", "One row at a time", lambda: Switch("Row by row")),
            Part("checkpointing", "Recompute activations", lambda: Switch("Recompute")),
        ),
        stacked=True,
    ),
    _line(
        "tokens_per_pass",
        "Pass size",
        "Passes that hold more tokens are split",
        lambda: Whole(0, 1_000_000, " tokens", lowest=("as it fits", None)),
    ),
    _line(
        "execution",
        "Computed",
        "Packed wherever the model allows it, or always one way",
        lambda: Choice((("auto", "As it fits"), ("packed", "Packed"), ("padded", "Padded"))),
    ),
)
MORE = (
    ("Adapter", ADAPTER),
    ("Objective", OBJECTIVE),
    ("Steps", STEPS),
    ("Watching", WATCHING),
    ("Computing", COMPUTING),
)
