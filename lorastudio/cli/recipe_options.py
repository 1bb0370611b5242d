"""The recipe of a run as options of the command line: one for each field of `TrainConfig`, with the field's default."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from lorastudio.cli.options import Command, with_options
from lorastudio.domain.errors import UsageError
from lorastudio.training.config import TrainConfig

# What `--help` says, in its order.
HELP = {
    "objective": "What is optimised.",
    "beta": "How far preferences may pull from the base model. Default: the objective's.",
    "gamma": "Margin that simpo asks for between good and bad.",
    "nll_weight": "Weight of the good answers' likelihood in dpo+nll and cpo.",
    "label_smoothing": "Share of pairs that may be the wrong way round, in dpo and dpo+nll.",
    "desirable_weight": "Weight of good answers in kto.",
    "undesirable_weight": "Weight of bad answers in kto.",
    "replay_prompts": "A file of prompts, one a line: the base's own answers to them are trained along.",
    "replay_per_step": "How many of these answers go into every step; 0: none.",
    "adapter": "Plain LoRA, or DoRA, which also learns the size of each weight's row.",
    "rank": "Rank of the adapter.",
    "alpha": "The adapter's scale is alpha / rank.",
    "dropout": "Share of the adapter's inputs that each step leaves out.",
    "layers": "all, or a number: that many of the last blocks.",
    "target_modules": "End of a linear layer's name, such as q_proj; may be repeated. Default: all of them.",
    "learning_rate": "Default: the objective's measured one.",
    "schedule": "How the learning rate falls after the warm-up.",
    "warmup_share": "Share of the steps over which the learning rate rises.",
    "weight_decay": "How strongly weights shrink (AdamW).",
    "clip_norm": "The longest gradient that is followed at full length.",
    "epochs": "Times through all examples.",
    "batch_size": "Rows of one step, times --accumulation.",
    "accumulation": "So many batches make one step; every token counts alike.",
    "max_seq_length": "Tokens, prompt and answer together; longer rows are left out and listed.",
    "seed": "The same seed gives the same adapter.",
    "evaluate_every_steps": "Steps between two evaluations on the development rows.",
    "samples": "Development prompts that every evaluation answers; 0: none.",
    "best_by": "Which evaluation's adapter is kept: that of the least loss, or of the best sampled answers.",
    "early_stop": "End after so many evaluations without a better one; 0: never.",
    "checkpoint_every_steps": "Steps between two checkpoints.",
    "execution": "How a step is computed; auto packs wherever the model allows it.",
    "tokens_per_pass": "Split passes that hold more tokens. Default: as memory allows.",
    "lean": "One row at a time: least memory, same result.",
    "checkpointing": "Recompute activations: less memory, same result.",
}
ALL_LAYERS = "all"
# Options that are typed otherwise than their fields are: type and default.
TYPED: dict[str, tuple[Any, Any]] = {
    "layers": (str, ALL_LAYERS),
    "target_modules": (list[str] | None, None),
    "replay_prompts": (Path | None, None),
}
NAMES = {"target_modules": "--target-module", "replay_prompts": "--replay"}


def with_recipe(command: Command) -> Command:
    """Give a command with a `**settings` parameter the options; `recipe_of` reads what arrives there."""
    return with_options(command, _options())


def recipe_of(settings: Mapping[str, Any]) -> TrainConfig:
    """The recipe that the options ask for; `UsageError` for one that can't be used."""
    values = dict(settings)
    values["layers"] = _layers(values["layers"])
    values["target_modules"] = tuple(values["target_modules"] or ())
    values["replay_prompts"] = _prompts(values["replay_prompts"])
    if values["replay_per_step"] and not values["replay_prompts"]:
        raise UsageError("There is nothing to replay.", "Give a file of prompts with --replay.")
    return TrainConfig(**values)


def _options() -> list[inspect.Parameter]:
    types = get_type_hints(TrainConfig)
    usual = {field.name: (types[field.name], field.default) for field in fields(TrainConfig)} | TYPED
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=usual[name][1],
            annotation=Annotated[usual[name][0], _option(name, text)],
        )
        for name, text in HELP.items()
    ]


def _option(name: str, text: str) -> Any:
    flag = NAMES.get(name, f"--{name.replace('_', '-')}")  # named, a switch gets no --no-… beside it
    return typer.Option(flag, help=text)


def _layers(text: str) -> int | None:
    if text == ALL_LAYERS:
        return None
    if not text.isdecimal():
        raise UsageError(f"--layers is {text!r}.", "Give all, or a number of blocks.")
    return int(text)


def _prompts(file: Path | None) -> tuple[str, ...]:
    if file is None:
        return ()
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The prompts in {file} can't be read: {error}.") from error
    return tuple(line for line in lines if line.strip())
