"""The gradients of one optimiser step: its rows dealt out to passes, whose shares add up to the whole.

Every share is divided by what the whole step holds, so it makes no difference how a step is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import numpy.typing as npt
from mlx.nn.utils import value_and_grad
from mlx.utils import tree_map

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.seeds import derive_seed
from lorastudio.training.config import Objective, TrainConfig
from lorastudio.training.pass_limits import TOKENS_PER_LEAN_PASS, TOKENS_PER_PASS, TOKENS_PER_SCORING_PASS
from lorastudio.worker.adapter_layers import without_adapter
from lorastudio.worker.answer_sums import StepTotals
from lorastudio.worker.answers import AnswerBook
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.dropout import seed_dropout
from lorastudio.worker.execution import Computing, computing_on
from lorastudio.worker.gang import ALONE, Gang
from lorastudio.worker.mismatch import answers_of, mismatched_answers
from lorastudio.worker.objective_loss import objective_loss
from lorastudio.worker.objectives import kto_divergence, nll_losses
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.scoring import AnswerScore, score_book
from lorastudio.worker.step_pass import StepPass, lay_out
from lorastudio.worker.targets import sum_answers

PerToken = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StepResult:
    """Of a whole step: the loss, its gradients, the pairs told apart rightly (a tie counts ½), the sum of their
    reward margins and their number, and the tokens read (shared ones counted for each answer)."""

    loss: mx.array
    gradients: Any
    correct: mx.array
    margin: mx.array
    pairs: int
    tokens: int


@dataclass
class Stepper:
    """Computes on the rows that it was made for; `prepare` comes before anything else.

    In a gang, `gradients` is a meeting: every rank gives the same rows, computes its share and gets the sum.
    """

    model: Any
    config: TrainConfig
    computing: Computing
    mismatched: dict[int, Encoded]
    compared: frozenset[Encoded]
    gang: Gang = ALONE
    references: dict[Encoded, PerToken] = field(default_factory=dict)

    @classmethod
    def on(
        cls,
        model: Any,
        config: TrainConfig,
        rows: Sequence[TrainRow],
        watched: Sequence[TrainRow] = (),
        replay: Sequence[Encoded] = (),
        gang: Gang = ALONE,
    ) -> Stepper:
        """For rows to learn from, rows to be evaluated on and answers to be replayed; ids are unlike."""
        mismatched: dict[int, Encoded] = {}
        if config.objective is Objective.KTO:
            mismatched = mismatched_answers(rows, config.max_seq_length)
            mismatched |= mismatched_answers(watched, config.max_seq_length)
        answers = [answer for row in (*rows, *watched) for answer in answers_of(row)]
        book = AnswerBook.of([*answers, *mismatched.values(), *replay])
        computing = computing_on(model, book, config.execution, checkpointing=config.checkpointing)
        # An evaluation compares pairs with the base whatever the objective.
        compared = {answer for row in watched if row.good and row.bad for answer in answers_of(row)}
        if config.objective.needs_reference:
            compared |= {*answers, *mismatched.values()}
        return cls(model, config, computing, mismatched, frozenset(compared), gang)

    def prepare(self, scratch: Path, cancel: CancelToken, progress: Callable[[int, int], None]) -> None:
        """Compute once what training does not change: the trunk, and the base's own log-probabilities.

        `progress` hears of answers done and their number; the trunk's file lies in `scratch`.
        """
        computing, book = self.computing.model, self.computing.model.book
        computing.keep_trunk(scratch)
        order = book.sharing_order(range(len(book)))
        order.sort(key=lambda number: book.encoded[number] in self.compared)  # those apart: they cost a whole pass
        done = 0
        with without_adapter(self.model):
            for group in book.groups([[number] for number in order], self.tokens_scored):
                cancel.check()
                self._prepare_answers([order[index] for index in group])
                done += len(group)
                progress(done, len(book))

    def gradients(self, rows: Sequence[TrainRow], replay: Sequence[Encoded], seed: int) -> StepResult:
        """Loss and gradients of a step over `rows`, with the replayed answers' own loss added.

        `seed` decides the dropout.
        """
        totals, divergence = StepTotals.of(rows), self.divergence(rows)
        replayed = sum(len(answer.answer) for answer in replay)
        loss_and_gradient = value_and_grad(self.model, self._share)
        none = mx.zeros(())
        sums: Any = (none, none, none), tree_map(mx.zeros_like, self.model.trainable_parameters())
        passes = self._passes(self.gang.share_of(rows, _cost), self.gang.share_of(replay, len))
        for number, part in enumerate(passes):
            seed_dropout(self.model, derive_seed("dropout", seed, self.gang.rank, number))
            share = loss_and_gradient(part, totals, divergence, replayed)
            sums = tree_map(mx.add, sums, share)
            mx.eval(sums)
        (loss, correct, margin), gradients = self.gang.sum_tree(sums)
        read = (*(answer for row in rows for answer in answers_of(row)), *replay)
        return StepResult(loss, gradients, correct, margin, totals.pairs, sum(len(answer) for answer in read))

    def scores(self, rows: Iterable[TrainRow], cancel: CancelToken) -> dict[Encoded, AnswerScore]:
        """The rows' answers under the model as it is now; for KTO the mismatched ones too."""
        book = self.computing.model.book
        answers = {answer for row in rows for answer in (*answers_of(row), *self._mismatched_of(row))}
        numbers = [book.number(answer) for answer in answers]
        scores = score_book(self.computing, numbers, cancel, budget=self.tokens_scored)
        return {book.encoded[number]: score for number, score in scores.items()}

    def divergence(self, rows: Sequence[TrainRow], scores: Mapping[Encoded, AnswerScore] | None = None) -> mx.array:
        """KTO's z0 over the rows, 0 for the other objectives.

        Without `scores` it is that of the model as it is now, and a meeting of the gang.
        """
        answers = [answer for row in rows for answer in self._mismatched_of(row)]
        if not answers:
            return mx.zeros(())
        gains = self._gains_now(answers) if scores is None else self._gains(answers, scores)
        return kto_divergence(mx.array([gains[answer] for answer in answers]))

    @property
    def tokens_per_pass(self) -> int:
        return self.config.tokens_per_pass or TOKENS_PER_PASS

    @property
    def tokens_scored(self) -> int:
        """Tokens of a pass without gradient."""
        most = TOKENS_PER_LEAN_PASS if self.config.lean else TOKENS_PER_SCORING_PASS
        return min(most, self.tokens_per_pass)

    def describe(self) -> dict[str, Any]:
        """How the run computed, for its card."""
        model = self.computing.model
        return {
            "path": self.computing.path.value,
            "reason": self.computing.reason,
            "trunk_blocks": model.kept_blocks,
            "tokens": sum(len(answer) for answer in model.book.encoded),
            "tokens_computed": model.book.forest.tokens,
            "processes": self.gang.size,
        }

    def close(self) -> None:
        """Give the trunk's file back."""
        self.computing.model.drop_trunk()

    def _mismatched_of(self, row: TrainRow) -> list[Encoded]:
        return [self.mismatched[row.row_id]] if row.row_id in self.mismatched else []

    def _gains(self, answers: Iterable[Encoded], scores: Mapping[Encoded, AnswerScore]) -> dict[Encoded, float]:
        return {answer: float((scores[answer].log_probs - self.references[answer]).sum()) for answer in answers}

    def _gains_now(self, answers: Iterable[Encoded]) -> dict[Encoded, float]:
        book, unlike = self.computing.model.book, list(dict.fromkeys(answers))
        mine = {book.number(answer): answer for answer in self.gang.share_of(unlike, len)}
        scores = score_book(self.computing, mine, CancelToken(), budget=self.tokens_scored)
        gains = self._gains(mine.values(), {mine[number]: score for number, score in scores.items()})
        summed = self.gang.sum_scalars([gains.get(answer, 0.0) for answer in unlike])
        return dict(zip(unlike, summed, strict=True))

    def _prepare_answers(self, numbers: Sequence[int]) -> None:
        model = self.computing.model
        work: Any = model.make_pass(numbers)
        model.fill_trunk(work)
        if not self.compared.isdisjoint(model.book.encoded[number] for number in numbers):
            values = np.array(model.scores(work)[0])
            for number, places in zip(numbers, work.targets.places, strict=True):
                self.references[model.book.encoded[number]] = values[places]

    def _passes(self, rows: Sequence[TrainRow], replay: Sequence[Encoded]) -> list[StepPass]:
        """The step in passes of at most `tokens_per_pass` tokens; with `lean`, of one row each."""
        book = self.computing.model.book
        units = [[book.number(answer) for answer in answers_of(row)] for row in rows]
        units += [[book.number(answer)] for answer in replay]
        order = sorted(range(len(units)), key=lambda index: book.forest.path(units[index][0]))
        budget = 0 if self.config.lean else self.tokens_per_pass
        groups = [[order[at] for at in group] for group in book.groups([units[index] for index in order], budget)]
        return [
            lay_out(
                self.computing.model,
                [rows[index] for index in group if index < len(rows)],
                [replay[index - len(rows)] for index in group if index >= len(rows)],
                self.references,
                self.config.objective,
            )
            for group in groups
        ]

    def _share(
        self, part: StepPass, totals: StepTotals, divergence: mx.array, replayed: int
    ) -> tuple[mx.array, mx.array, mx.array]:
        """What a pass adds to the step's loss, and to its preference figures."""
        log_probs = self.computing.model.log_probs(part.work)
        sums = sum_answers(log_probs, part.work.targets, part.reference)
        loss, figures = objective_loss(sums, part.rows, self.config, totals, divergence)
        if part.replayed:
            loss = loss + nll_losses(sums.log_probs[-part.replayed :]).sum() / replayed
        return loss, figures.correct, figures.margin


def _cost(row: TrainRow) -> int:
    """What a row weighs when a step is dealt out: its tokens, a prompt's counted once."""
    prompt = max(len(answer.prompt) for answer in answers_of(row))
    return prompt + sum(len(answer.answer) for answer in answers_of(row))
