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
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.sampling import Choice, SampleRequest, TokenLogProbs, choose
from lorastudio.worker.slots import SlotCache, SlotPlan, plan_slots, prompt_state

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


class Generator:
    """Makes answers with one version of a model. Used from one thread, MLX's.

    `step` advances every answer under way by one token. Requests that fit a slot run together; the others,
    one after another beside them. Which of the two depends on the request's own length alone.
    """

    def __init__(
        self, base: BaseModel, codec: ChatCodec, model: Any, *, plan: SlotPlan | None = None, at_once: int | None = None
    ) -> None:
        self._model = model
        self._codec = codec
        self._plan = plan or plan_slots(base)
        slots = self._plan.slots if self._plan else 0
        self._usable = min(slots, at_once or slots)
        self._rows: list[Answer | None] = [None] * slots
        self._filled = np.zeros(slots, np.int32)
        self._caches: list[SlotCache] = []
        self._waiting: deque[Answer] = deque()
        self._long_waiting: deque[Answer] = deque()
        self._alone: tuple[Answer, list[Any]] | None = None
        self._prompts: OrderedDict[tuple[int, ...], _Prefilled] = OrderedDict()

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._long_waiting or self._alone or any(self._rows))

    def submit(self, request: SampleRequest, *, stream: bool = False) -> Answer:
        """Queue a request; its answer grows with the steps that follow."""
        answer = Answer(request, stream)
        fits = self._plan is not None and len(request.prompt) + request.max_tokens <= self._plan.capacity
        (self._waiting if fits else self._long_waiting).append(answer)
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
        changed += self._step_slots()
        changed += self._step_alone()
        for answer in changed:
            if answer.finish_reason is not None:
                self._release(answer)
        return changed

    def _admit(self) -> list[Answer]:
        changed: list[Answer] = []
        while self._waiting and len(changed) < ADMITTED_PER_STEP:
            slot = next((slot for slot in range(self._usable) if self._rows[slot] is None), None)
            if slot is None:
                break
            answer = self._waiting.popleft()
            prefilled = self._read_prompt(answer.request.prompt)
            self._take(answer, _only(choose(prefilled.logits, [answer.request], [0])))
            if answer.finish_reason is None:
                self._occupy(slot, answer, prefilled)
            changed.append(answer)
        return changed

    def _occupy(self, slot: int, answer: Answer, prefilled: _Prefilled) -> None:
        if not self._caches and self._plan:
            self._caches = [SlotCache(self._plan, keys, values) for keys, values in prefilled.layers]
        for cache, (keys, values) in zip(self._caches, prefilled.layers, strict=True):
            cache.place(slot, keys, values)
        self._rows[slot] = answer
        self._filled[slot] = len(answer.request.prompt)

    def _step_slots(self) -> list[Answer]:
        active = [answer for answer in self._rows if answer is not None]
        if not active:
            return []
        offsets = mx.array(self._filled)
        for cache in self._caches:
            cache.offset = offsets
        last = [[answer.ids[-1] if answer else 0] for answer in self._rows]
        logits = self._model(mx.array(last), cache=self._caches)[:, -1]
        mx.eval(logits, [cache.state for cache in self._caches])
        requests = [answer.request if answer else None for answer in self._rows]
        positions = [len(answer.ids) if answer else 0 for answer in self._rows]
        choices = choose(logits, requests, positions)
        for slot, (answer, choice) in enumerate(zip(self._rows, choices, strict=True)):
            if answer is not None and choice is not None:
                self._filled[slot] += 1
                self._take(answer, choice)
        return active

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
        for slot, row in enumerate(self._rows):
            if row is answer:
                self._rows[slot] = None
                self._filled[slot] = 0
        if self._alone is not None and self._alone[0] is answer:
            self._alone = None
        for queue in (self._waiting, self._long_waiting):
            if answer in queue:
                queue.remove(answer)


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
