"""Which way a model computes on answers: packed where that is known to be right, padded everywhere else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import mlx.core as mx
import numpy as np

from lorastudio.domain.errors import TrainingError
from lorastudio.training.config import Execution
from lorastudio.worker.anatomy import Unpackable, anatomy_of
from lorastudio.worker.answer_model import AnswerModel
from lorastudio.worker.answers import AnswerBook
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.packed_model import PackedModel
from lorastudio.worker.padded_model import PaddedModel

# By how much log-probabilities may differ between the two paths: rounding, in the type that the model computes in.
TOLERANCE = {mx.float32: 1e-3, mx.float16: 0.05, mx.bfloat16: 0.3}
# Whole answers could take as long as a step of the run, and on the padded path more memory.
COMPARED, COMPARED_TOKENS = 2, 32


@dataclass(frozen=True, slots=True)
class Computing:
    """The model that computes, the path it takes, and why where it is the padded one."""

    model: AnswerModel
    path: Execution
    reason: str = ""


def computing_on(
    model: Any, book: AnswerBook, wanted: Execution = Execution.AUTO, *, checkpointing: bool = False
) -> Computing:
    """How `model` computes on a book's answers.

    TrainingError when packing is demanded of a model that can't be packed.
    """
    if wanted in (Execution.PADDED, Execution.COMPILED):
        compiled = wanted is Execution.COMPILED
        return Computing(PaddedModel(model, book, compiled, checkpointing), wanted, "as chosen")
    packed = _packed(model, book, checkpointing)
    if isinstance(packed, PackedModel):
        return Computing(packed, Execution.PACKED)
    if wanted is Execution.PACKED:
        raise TrainingError(f"This model can't be packed: {packed}.", "Leave the execution on auto.")
    return Computing(PaddedModel(model, book, checkpointing=checkpointing), Execution.PADDED, packed)


def _packed(model: Any, book: AnswerBook, checkpointing: bool) -> PackedModel | str:
    """The model on packs, or why that can't be."""
    anatomy = anatomy_of(model)
    if isinstance(anatomy, Unpackable):
        return anatomy.reason
    packed = PackedModel(anatomy, book, checkpointing)
    return "its packed answers differ from its own" if _differ(packed, PaddedModel(model, book)) else packed


def _differ(packed: PackedModel, padded: PaddedModel) -> bool:
    """Whether the two paths give some tokens unlike log-probabilities, which they may once a family has changed.

    Compared are the shortest answers, cut down to where prompt and answer meet.
    """
    shortest = sorted(packed.book.encoded, key=len)[:COMPARED]
    cut = [Encoded(each.prompt[-COMPARED_TOKENS:], each.answer[:COMPARED_TOKENS]) for each in shortest]
    book = AnswerBook.of(cut)
    ours, theirs = _by_answer(replace(packed, book=book)), _by_answer(replace(padded, book=book))
    tolerance = TOLERANCE.get(packed.trunk_width[1], max(TOLERANCE.values()))
    return not mx.all(mx.abs(ours - theirs) <= tolerance * (1 + mx.abs(theirs))).item()


def _by_answer(model: AnswerModel) -> mx.array:
    """The log-probabilities of all answers' tokens, one answer after the other."""
    work = model.make_pass(range(len(model.book)))
    return model.log_probs(work)[mx.array(np.concatenate(work.targets.places))]
