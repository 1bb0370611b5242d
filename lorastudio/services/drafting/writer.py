"""The writer: a prompt in, a draft out, kept while it streams."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lorastudio.domain.draft import Call, CallPurpose, Cycle, Draft, DraftState, Question
from lorastudio.domain.drafting_events import DraftGrew
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.errors import BugError
from lorastudio.domain.seeds import derive_seed
from lorastudio.endpoints.answers import ChatAnswer
from lorastudio.practice.prompts import PRACTICE_MAX_TOKENS, PRACTICE_TEMPERATURE
from lorastudio.services.drafting.calls import Asked, Emit, Journal, Listener
from lorastudio.services.drafting.prompts import first_prompt, revision_prompt, split_notes
from lorastudio.services.drafting.rubrics import is_practice
from lorastudio.services.drafting.settings import DraftingSettings
from lorastudio.services.drafting.stopping import Round
from lorastudio.store.drafts import append_draft, finish_draft, list_drafts, start_draft
from lorastudio.store.library import Library

SHOW_EVERY_S = 0.033
KEEP_EVERY_S = 0.25
USUAL_TEMPERATURE = 0.8


class Writer:
    """Writes the drafts of one cycle. Safe to use from several threads."""

    def __init__(
        self, library: Library, cycle: Cycle, settings: DraftingSettings, journal: Journal, emit: Emit, usual: Sampling
    ) -> None:
        """`usual` is how the writer's endpoint samples where nothing else is said."""
        temperature = USUAL_TEMPERATURE if usual.temperature is None else usual.temperature
        self._temperature = temperature if settings.temperature is None else settings.temperature
        self._library = library
        self._cycle = cycle
        self._settings = settings
        self._journal = journal
        self._emit = emit

    def plan(self, question: Question, rounds: Sequence[Round]) -> Asked:
        """The call for the next draft: a revision of the last one where that was judged, else a fresh start."""
        last = rounds[-1] if rounds else None
        if last is None or last.critique is None or last.abstained:
            purpose = CallPurpose.DRAFT
            cut = last is not None and last.draft.state is DraftState.TRUNCATED
            messages = first_prompt(question, self._settings, was_cut=cut)
        else:
            purpose = CallPurpose.REVISE
            messages = revision_prompt(question, self._settings, last)
        iteration = len(rounds) + 1
        return Asked(
            question=question,
            iteration=iteration,
            purpose=purpose,
            index="0",
            endpoint=self._cycle.writer,
            messages=messages,
            sampling=self._sampling(question, iteration, purpose),
        )

    def write(self, asked: Asked) -> Draft:
        """The draft, as the library has it or from the writer's endpoint. Raises what `Journal.ask` raises."""
        self._journal.ask(asked, _DraftKeeper(self._library, asked, self._emit))
        whole = (DraftState.FINISHED, DraftState.TRUNCATED)
        for draft in list_drafts(self._library, asked.question.id):
            if draft.iteration == asked.iteration and draft.state in whole:
                return draft
        raise BugError(f"The draft of call {asked.key} is not in the library.")

    def _sampling(self, question: Question, iteration: int, purpose: CallPurpose) -> Sampling:
        practice = is_practice(question)
        return Sampling(
            temperature=PRACTICE_TEMPERATURE if practice else self._temperature,
            max_tokens=PRACTICE_MAX_TOKENS if practice else self._settings.max_tokens,
            seed=derive_seed(self._cycle.seed, question.position, iteration, purpose.value, "0"),
        )


class _DraftKeeper(Listener):
    """Keeps one draft in the library while it grows, and shows it."""

    def __init__(self, library: Library, asked: Asked, emit: Emit) -> None:
        self._library = library
        self._asked = asked
        self._emit = emit
        self._draft_id = 0
        self._text = ""
        self._shown = 0
        self._shown_at = self._kept_at = time.monotonic()

    def sent(self, call: Call) -> None:
        draft = start_draft(self._library, self._asked.question.id, self._asked.iteration, call.id)
        self._draft_id = draft.id

    def grew(self, text: str) -> None:
        self._text += text
        now = time.monotonic()
        if now - self._shown_at >= SHOW_EVERY_S:
            self._show()
            self._shown_at = now
        if now - self._kept_at >= KEEP_EVERY_S:
            append_draft(self._library, self._draft_id, self._text)
            self._kept_at = now

    def restarted(self) -> None:
        self._text = ""
        self._shown = 0

    def answered(self, answer: ChatAnswer) -> None:
        self._show()
        text, notes = (answer.text, "") if is_practice(self._asked.question) else split_notes(answer.text)
        finish_draft(
            self._library,
            self._draft_id,
            text=text,
            state=DraftState.TRUNCATED if answer.truncated else DraftState.FINISHED,
            reasoning="\n\n".join(part for part in (answer.reasoning, notes) if part),
        )

    def failed(self) -> None:
        finish_draft(self._library, self._draft_id, text=self._text, state=DraftState.INTERRUPTED, reasoning="")

    def _show(self) -> None:
        new = self._text[self._shown :]
        self._shown = len(self._text)
        if new:
            asked = self._asked
            self._emit(DraftGrew(asked.question.id, self._draft_id, asked.iteration, new))
