"""Generation: many answers at once from one model, each as if it were alone."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import mlx.core as mx
import numpy as np
from mlx_lm.models.cache import make_prompt_cache

from lorastudio.domain.cancel import CancelToken
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.sampling import Choice, SampleRequest, TokenLogProbs, choose
from lorastudio.worker.slots import SlotCache, SlotShape, prompt_state

PREFILL_TOKENS = 512
# Prompts admitted per step, so that answers under way don't wait for a long queue's prompts.
ADMITTED_PER_STEP = 8
REMEMBERED_PROMPTS = 4

FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(eq=False)
class Answer:
    """An answer as it grows; complete once `finish_reason` is set.

    `ids` exclude the end token, which is in `end_id` when the model ended the answer itself. `text` is kept up
    to date only where stop strings need it or the caller asked to `stream`; it never shows part of a stop
    string or of a character.
    """

    request: SampleRequest
    stream: bool = False
    ids: list[int] = field(default_factory=list)
    log_probs: list[TokenLogProbs] = field(default_factory=list)
    text: str = ""
    end_id: int = -1
    finish_reason: FinishReason | None = None


@dataclass(frozen=True, slots=True)
class _Prefilled:
    """A prompt that has been read: each layer's keys and values, and the logits after its last token."""

    layers: list[tuple[mx.array, mx.array]]
    logits: mx.array


class _SlotGroup:
    """The answers that are made together in slots of one shape, and those that wait for a slot."""

    def __init__(self, shape: SlotShape) -> None:
        self.shape = shape
        self.rows: list[Answer | None] = [None] * shape.slots
        self.waiting: deque[Answer] = deque()
        self._filled = np.zeros(shape.slots, np.int32)
        self._caches: list[SlotCache] = []

    @property
    def active(self) -> list[Answer]:
        return [answer for answer in self.rows if answer is not None]

    def occupy(self, answer: Answer, prefilled: _Prefilled) -> None:
        """Give an answer the first free slot."""
        slot = self.rows.index(None)
        if not self._caches:
            self._caches = [SlotCache(self.shape, keys, values) for keys, values in prefilled.layers]
        for cache, (keys, values) in zip(self._caches, prefilled.layers, strict=True):
            cache.place(slot, keys, values)
        self.rows[slot] = answer
        self._filled[slot] = len(answer.request.prompt)

    def release(self, answer: Answer) -> None:
        if answer in self.waiting:
            self.waiting.remove(answer)
        elif answer in self.rows:
            slot = self.rows.index(answer)
            self.rows[slot] = None
            self._filled[slot] = 0

    def step(self, model: Any) -> list[tuple[Answer, Choice]]:
        """One decode step: the next token of every answer in a slot."""
        if not self.active:
            return []
        offsets = mx.array(self._filled)
        for cache in self._caches:
            cache.offset = offsets
        last = [[answer.ids[-1] if answer else 0] for answer in self.rows]
        logits = model(mx.array(last), cache=self._caches)[:, -1]
        mx.eval(logits, [cache.state for cache in self._caches])
        requests = [answer.request if answer else None for answer in self.rows]
        positions = [len(answer.ids) if answer else 0 for answer in self.rows]
        choices = choose(logits, requests, positions)
        self._filled[[answer is not None for answer in self.rows]] += 1
        return [
            (a, choice) for a, choice in zip(self.rows, choices, strict=True) if a is not None and choice is not None
        ]


class Generator:
    """Makes answers with one version of a model. Used from one thread, MLX's.

    `step` advances every answer under way by one token. Requests that fit a slot run together, at most
    `at_once` of them; the others, one after another beside them. Where a request runs depends on its own
    length alone.
    """

    def __init__(
        self, codec: ChatCodec, model: Any, plan: tuple[SlotShape, ...], *, at_once: int | None = None
    ) -> None:
        self._model = model
        self._codec = codec
        self._groups = [_SlotGroup(shape) for shape in plan]
        self._at_once = at_once
        self._long_waiting: deque[Answer] = deque()
        self._alone: tuple[Answer, list[Any]] | None = None
        self._prompts: OrderedDict[tuple[int, ...], _Prefilled] = OrderedDict()

    @property
    def busy(self) -> bool:
        in_slots = any(group.waiting or group.active for group in self._groups)
        return bool(in_slots or self._long_waiting or self._alone)

    def submit(self, request: SampleRequest, *, stream: bool = False) -> Answer:
        """Queue a request; its answer grows with the steps that follow."""
        answer = Answer(request, stream)
        tokens = len(request.prompt) + request.max_tokens
        fitting = (group.waiting for group in self._groups if tokens <= group.shape.capacity)
        next(fitting, self._long_waiting).append(answer)
        return answer

    def cancel(self, answer: Answer) -> None:
        """Stop an answer; its slot is free at once."""
        if answer.finish_reason is None:
            answer.finish_reason = "cancelled"
            self._release(answer)

    def step(self) -> list[Answer]:
        """One more token for every answer under way, and the first ones of some that waited.

        Returns the answers that changed.
        """
        changed = self._admit()
        for group in self._groups:
            for answer, choice in group.step(self._model):
                self._take(answer, choice)
                changed.append(answer)
        changed += self._step_alone()
        for answer in changed:
            if answer.finish_reason is not None:
                self._release(answer)
        return list(dict.fromkeys(changed))  # a new one changes twice: by its prompt and by this step

    def _admit(self) -> list[Answer]:
        admitted: list[Answer] = []
        for group in self._groups:
            while group.waiting and None in group.rows and len(admitted) < ADMITTED_PER_STEP and self._has_room():
                answer = group.waiting.popleft()
                prefilled = self._read_prompt(answer.request.prompt)
                self._take(answer, _only(choose(prefilled.logits, [answer.request], [0])))
                if answer.finish_reason is None:
                    group.occupy(answer, prefilled)
                admitted.append(answer)
        return admitted

    def _has_room(self) -> bool:
        return self._at_once is None or sum(len(group.active) for group in self._groups) < self._at_once

    def _step_alone(self) -> list[Answer]:
        if self._alone is None:
            if not self._long_waiting:
                return []
            answer = self._long_waiting.popleft()
            caches = make_prompt_cache(self._model)
            self._alone = (answer, caches)
            logits = _prefill(self._model, caches, answer.request.prompt)
        else:
            answer, caches = self._alone
            logits = self._model(mx.array([answer.ids[-1:]]), cache=caches)[:, -1]
        self._take(answer, _only(choose(logits, [answer.request], [len(answer.ids)])))
        return [answer]

    def _take(self, answer: Answer, choice: Choice) -> None:
        """Add a chosen token to its answer, and see whether the answer ends with it."""
        if choice.token in self._codec.end_ids:
            answer.end_id = choice.token
            answer.finish_reason = "stop"
        else:
            answer.ids.append(choice.token)
            if choice.log_probs is not None:
                answer.log_probs.append(choice.log_probs)
            if len(answer.ids) >= answer.request.max_tokens:
                answer.finish_reason = "length"
        if answer.stream or answer.request.stops or answer.finish_reason is not None:
            self._write_text(answer)

    def _write_text(self, answer: Answer) -> None:
        text = self._codec.decode(answer.ids)
        found = [at for stop in answer.request.stops if (at := text.find(stop)) >= 0]
        if found:
            answer.text = text[: min(found)]
            answer.finish_reason = "stop"
        elif answer.finish_reason is not None:
            answer.text = text
        else:
            answer.text = _certain(text, answer.request.stops)

    def _read_prompt(self, prompt: tuple[int, ...]) -> _Prefilled:
        """Read a prompt alone, so that its numbers depend on it alone; the same prompt again costs nothing."""
        known = self._prompts.pop(prompt, None)
        if known is None:
            caches = make_prompt_cache(self._model)
            logits = _prefill(self._model, caches, prompt)
            known = _Prefilled(prompt_state(caches), logits)
            mx.eval(known.layers, known.logits)
        self._prompts[prompt] = known
        while len(self._prompts) > REMEMBERED_PROMPTS:
            self._prompts.popitem(last=False)
        return known

    def _release(self, answer: Answer) -> None:
        for group in self._groups:
            group.release(answer)
        if self._alone is not None and self._alone[0] is answer:
            self._alone = None
        if answer in self._long_waiting:
            self._long_waiting.remove(answer)


def run_all(generator: Generator, requests: Sequence[SampleRequest], cancel: CancelToken) -> Iterator[Answer]:
    """The finished answers of all requests, in the order they finish; raises Cancelled between two steps."""
    for request in requests:
        generator.submit(request)
    while generator.busy:
        cancel.check()
        for answer in generator.step():
            if answer.finish_reason is not None:
                yield answer


def _prefill(model: Any, caches: list[Any], prompt: tuple[int, ...]) -> mx.array:
    """Read the prompt into `caches` in pieces of fixed size; returns the logits after its last token, (1, vocabulary).

    The head is computed for the last token only.
    """
    body = prompt[:-1]
    for start in range(0, len(body), PREFILL_TOKENS):
        model(mx.array([body[start : start + PREFILL_TOKENS]]), cache=caches)
        mx.eval([cache.state for cache in caches])
    logits: mx.array = model(mx.array([prompt[-1:]]), cache=caches)[:, -1]
    return logits


def _only(choices: Sequence[Choice | None]) -> Choice:
    (choice,) = choices
    assert choice is not None
    return choice


def _certain(text: str, stops: Sequence[str]) -> str:
    """The part of a growing text that can't change any more: no half character, no beginning of a stop string."""
    text = text.rstrip("\ufffd")
    held = 0
    for stop in stops:
        for length in range(min(len(stop) - 1, len(text)), held, -1):
            if text.endswith(stop[:length]):
                held = length
                break
    return text[: len(text) - held]
