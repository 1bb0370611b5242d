"""The panel: teachers that answer and judge, each call journalled under what was asked."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lorastudio.datasets.checks import check_answer
from lorastudio.datasets.extraction import is_refusal, leaks_prompt
from lorastudio.domain.draft import Call, CallPurpose
from lorastudio.domain.endpoint import Endpoint, Sampling
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import Conversation, Message, user
from lorastudio.domain.seeds import derive_seed
from lorastudio.domain.verified import AnswerState, Method, Query, TeacherAnswer, Verification
from lorastudio.endpoints.structured import Ladder
from lorastudio.services.drafting.calls import Journal, Listener
from lorastudio.services.verification.examination import (
    Verdict,
    examination_messages,
    verdicts_reader,
    verdicts_shape,
)
from lorastudio.services.verification.settings import VerificationSettings

_KNOWS_NOT = re.compile(
    r"\W*(?:(?:sorry|desculpe|infelizmente)\W+)?(?:i (?:do not|don['’]t|did not) know|i am not sure|i['’]m not sure"
    r"|(?:eu )?não (?:sei|tenho certeza)|no idea|não faço ideia)\b",
    re.IGNORECASE,
)
_TRUNCATED = ("length", "max_tokens")
_BRIEFLY = {
    "pt": "Responda só com o resultado, sem explicação.",
    "en": "Answer with the result alone, without any explanation.",
}


@dataclass(frozen=True, slots=True)
class Consulted:
    """One call of a verification; `index` tells calls of one purpose apart."""

    query: Query
    purpose: CallPurpose
    index: str
    endpoint: str
    messages: Conversation
    sampling: Sampling
    response_format: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        query = self.query
        return f"v{query.verification_id}/{query.position}/{self.purpose.value}/{self.index}"

    @property
    def question_id(self) -> int | None:
        """A verification's call is none of a cycle's question."""
        return None

    @property
    def verification_id(self) -> int | None:
        return self.query.verification_id

    @property
    def iteration(self) -> int:
        """Nothing is revised here."""
        return 1


class Panel:
    """Asks the teachers (and the writer) of one verification. Safe to use from several threads."""

    def __init__(
        self,
        verification: Verification,
        settings: VerificationSettings,
        journal: Journal,
        endpoints: Mapping[str, Endpoint],
        ladders: Mapping[str, Ladder],
    ) -> None:
        """`endpoints` and `ladders` are those of every teacher, by name; the writer needs its endpoint alone."""
        self._verification = verification
        self._settings = settings
        self._journal = journal
        self._endpoints = endpoints
        self._ladders = ladders

    def answer(self, query: Query, teacher: str) -> TeacherAnswer:
        """What a teacher says to a question. Raises what `Journal.ask` raises."""
        call = self._ask(
            query, CallPurpose.TEACH, self._name(teacher), teacher, question_messages(query, self._settings.method)
        )
        return judged(query, teacher, call)

    def write(self, query: Query) -> TeacherAnswer:
        """What the writer says to a question. Raises what `Journal.ask` raises."""
        writer = self._verification.writer or ""
        return judged(
            query,
            writer,
            self._ask(query, CallPurpose.DRAFT, "writer", writer, question_messages(query, self._settings.method)),
        )

    def examine(self, query: Query, teacher: str, answers: Sequence[str]) -> list[bool] | None:
        """Whether a teacher agrees with each answer of others, shown in both orders; None: it can't be read.

        It agrees only where it does in both. A single answer has no order and is shown once.
        """
        forth = self._verdicts(query, teacher, "forth", list(answers))
        if forth is None or len(answers) == 1:
            return None if forth is None else [verdict.agrees for verdict in forth]
        back = self._verdicts(query, teacher, "back", list(reversed(answers)))
        if back is None:
            return None
        return [one.agrees and other.agrees for one, other in zip(forth, reversed(back), strict=True)]

    def _verdicts(self, query: Query, teacher: str, order: str, answers: list[str]) -> tuple[Verdict, ...] | None:
        def ask(messages: Conversation, response_format: Mapping[str, Any] | None, attempt: int) -> str:
            # A teacher that was down before may have answered since: then this is another question.
            index = f"{self._name(teacher)}.{order}.{derive_seed(*answers):x}.{attempt}"
            return self._ask(query, CallPurpose.CROSS_EXAMINE, index, teacher, messages, response_format).answer

        messages = examination_messages(query.text, answers)
        return self._ladders[teacher].ask(ask, messages, verdicts_shape(), verdicts_reader(answers))

    def _ask(
        self,
        query: Query,
        purpose: CallPurpose,
        index: str,
        endpoint: str,
        messages: Conversation,
        response_format: Mapping[str, Any] | None = None,
    ) -> Call:
        examines = purpose is CallPurpose.CROSS_EXAMINE
        # The likeliest answer, unless whoever set the endpoint up chose otherwise.
        usual = Sampling(
            temperature=0.0,
            max_tokens=self._settings.examiner_max_tokens if examines else self._settings.max_tokens,
            seed=derive_seed(self._verification.seed, query.position, purpose.value, index),
        )
        asked = Consulted(
            query=query,
            purpose=purpose,
            index=index,
            endpoint=endpoint,
            messages=messages,
            sampling=self._endpoints[endpoint].sampling.over(usual),
            response_format=response_format,
        )
        return self._journal.ask(asked, _Patience(endpoint, self._settings.patience_s))

    def _name(self, teacher: str) -> str:
        """A teacher in a key, by its place: names may hold anything."""
        return f"{self._verification.teachers.index(teacher)}"


class _Patience(Listener):
    """Gives a teacher up that goes on and on without coming to an end."""

    def __init__(self, endpoint: str, patience_s: float) -> None:
        self._endpoint = endpoint
        self._patience_s = patience_s
        self._began = time.monotonic()

    def sent(self, call: Call) -> None:
        self._began = time.monotonic()

    def grew(self, text: str) -> None:
        if time.monotonic() - self._began > self._patience_s:
            raise EndpointError(f"{self._endpoint} did not come to an end within {self._patience_s:g} s.")


def question_messages(query: Query, method: Method) -> Conversation:
    """The question as it is; where only short results are compared, with the request for nothing else."""
    if method is not Method.SHORT:
        return user(query.text)
    return (Message("system", _BRIEFLY.get(query.language[:2], _BRIEFLY["en"])), *user(query.text))


def judged(query: Query, teacher: str, call: Call) -> TeacherAnswer:
    """An answer with what speaks against giving it a vote."""
    text = call.answer.strip()
    if call.finish_reason in _TRUNCATED:
        return TeacherAnswer(teacher, AnswerState.TRUNCATED, text, note="The token limit cut it off.")
    if not text:
        return TeacherAnswer(teacher, AnswerState.UNFIT, text, note="It is empty.")
    if is_refusal(text) or _KNOWS_NOT.match(text):
        return TeacherAnswer(teacher, AnswerState.REFUSED, text, note="It gives no answer.")
    if leaks_prompt(query.text, text):
        return TeacherAnswer(teacher, AnswerState.UNFIT, text, note="It holds parts of its prompt.")
    failed = [name for name, passed in check_answer(query.checks, query.text, text).items() if not passed]
    if failed:
        return TeacherAnswer(teacher, AnswerState.UNFIT, text, note=f"It fails the check “{failed[0]}”.")
    return TeacherAnswer(teacher, AnswerState.USABLE, text)
