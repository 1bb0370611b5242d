"""How a worker's end is read: what its exit and its last words mean, told plainly, and the recipe of a safer retry."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, replace
from enum import StrEnum

from lorastudio.training.config import TrainConfig
from lorastudio.training.pass_limits import FEWEST_TOKENS_PER_PASS


class FailureKind(StrEnum):
    OUT_OF_MEMORY = "out of memory"
    RESOURCE_LIMIT = "resource limit"
    WATCHDOG = "watchdog"
    GPU = "gpu"
    KILLED = "killed"
    DAMAGED_FILE = "damaged file"


@dataclass(frozen=True, slots=True)
class WorkerEnd:
    """What is known when a job ended badly: `returncode` is None while the process lives and negative for a signal,
    `last_words` are the end of stderr or the text of the exception, `phase` what the worker was busy with."""

    returncode: int | None
    last_words: str
    phase: str = ""


@dataclass(frozen=True, slots=True)
class TrainingFailure:
    """A recognised end in plain words; `safer` when the same work may succeed in smaller pieces."""

    kind: FailureKind
    message: str
    hint: str
    safer: bool


# The first line that matches decides. Where the messages come from: Metal's command buffers and MLX's allocator
# (https://github.com/ml-explore/mlx-lm/issues/236 and 1185, https://github.com/ml-explore/mlx/issues/3267,
# https://github.com/ml-explore/mlx-examples/issues/664 and 70), C++, Python and CUDA.
_SIGNS = (
    (FailureKind.RESOURCE_LIMIT, r"\[metal::malloc\] Resource limit"),
    (FailureKind.WATCHDOG, r"ImpactingInteractivity|Impacting Interactivity|GPU Timeout|CallbackErrorTimeout"),
    (
        FailureKind.OUT_OF_MEMORY,
        r"CallbackErrorOutOfMemory|\] Insufficient Memory|greater than the maximum allowed buffer size"
        r"|Unable to allocate|std::bad_alloc|\bMemoryError\b|[Oo]ut of memory",
    ),
    (FailureKind.GPU, r"\[METAL\] Command buffer execution failed|kIOGPUCommandBufferCallbackError"),
    (FailureKind.DAMAGED_FILE, r"\[load_safetensors\]|\[read\] Unable to read|SafetensorError|\[load\] Invalid header"),
)
_WORDS = {
    FailureKind.OUT_OF_MEMORY: (
        "The memory that the GPU may use was not enough{while_}.",
        "Close what else uses much memory.",
    ),
    FailureKind.RESOURCE_LIMIT: (
        "Metal's limit on the number of buffers was reached{while_}; memory itself was not short.",
        "Smaller passes hold fewer buffers at a time.",
    ),
    FailureKind.WATCHDOG: (
        "The GPU's work was stopped by macOS{while_}: one piece of it kept the display waiting too long.",
        "Smaller passes take less time each; letting the display sleep helps too.",
    ),
    FailureKind.GPU: (
        "The GPU gave up with an internal error{while_}; memory pressure is the usual cause.",
        "Close what else uses the GPU or much memory.",
    ),
    FailureKind.KILLED: (
        "The system killed the worker process{while_}, as it does when memory runs short.",
        "Close what else uses much memory.",
    ),
    FailureKind.DAMAGED_FILE: (
        "A file of weights is damaged or incomplete{while_}: {line}.",
        "Copy or download it again.",
    ),
}

# The phases of `training.protocol`, as work that somebody does.
_WORK = {
    "loading": "loading the base model",
    "reading": "reading the rows",
    "replay": "writing answers to replay",
    "reference": "computing the reference",
    "training": "training",
    "evaluating": "evaluating",
    "saving": "saving",
}


def recognise(end: WorkerEnd) -> TrainingFailure | None:
    """What a worker's end means, or None for an end of no known kind.

    Words decide before signals: an abort (SIGABRT) says why in its last lines, a kill (SIGKILL) says nothing.
    """
    for line in reversed(end.last_words.splitlines()):
        for kind, pattern in _SIGNS:
            if re.search(pattern, line):
                return _failure(kind, end, line.strip())
    if end.returncode == -signal.SIGKILL:
        return _failure(FailureKind.KILLED, end, "")
    return None


def safer_config(config: TrainConfig) -> TrainConfig | None:
    """The same run in smaller pieces: one row a pass, recomputed activations, half the tokens a pass.

    None when it already computes one row at a time and recomputes: there is one safer retry. Only fields that
    change no result differ (`config.EXECUTION_FIELDS`), so that a checkpoint still fits.
    """
    if config.lean and config.checkpointing:
        return None
    tokens = config.tokens_per_pass or config.max_seq_length
    return replace(config, lean=True, checkpointing=True, tokens_per_pass=max(FEWEST_TOKENS_PER_PASS, tokens // 2))


def _failure(kind: FailureKind, end: WorkerEnd, line: str) -> TrainingFailure:
    message, hint = _WORDS[kind]
    work = _WORK.get(end.phase)
    while_ = f" while {work}" if work else ""
    return TrainingFailure(kind, message.format(while_=while_, line=line), hint, kind is not FailureKind.DAMAGED_FILE)
