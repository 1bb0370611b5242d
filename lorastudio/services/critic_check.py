"""Measuring a critic by itself: good answers with planted faults, and the same answers unchanged."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.critic_trial import CriticRecord, DefectKind, records_of
from lorastudio.domain.draft import Cycle, CycleState, Question
from lorastudio.domain.endpoint import Endpoint, EndpointKind, Role
from lorastudio.domain.errors import KnownError
from lorastudio.domain.events import Event
from lorastudio.domain.seeds import derive_seed
from lorastudio.endpoints.probe import rung_of
from lorastudio.endpoints.structured import Ladder
from lorastudio.paths import resources
from lorastudio.practice.criteria import CRITERIA
from lorastudio.practice.facts import parse_question
from lorastudio.practice.grammar import draw_plan, render
from lorastudio.practice.prompts import practice_checks
from lorastudio.practice.questions import drafting_questions
from lorastudio.services.drafting.budget import Budget, Spending
from lorastudio.services.drafting.calibration import Calibration, report_critic
from lorastudio.services.drafting.calls import Journal, Slots
from lorastudio.services.drafting.crew import Crew
from lorastudio.services.drafting.critic import Critic
from lorastudio.services.drafting.rubrics import in_language, shipped_rubric
from lorastudio.services.drafting.servers import Servers
from lorastudio.services.drafting.settings import DraftingSettings
from lorastudio.services.servers import CRITIC, WRITER, built_in, endpoint_for
from lorastudio.store.critic_trials import list_trials
from lorastudio.store.endpoints import get_endpoint, get_probe
from lorastudio.store.library import Library

USUAL_ANSWERS = 4


@dataclass(frozen=True, slots=True)
class Specimen:
    """A good answer to a question, shipped with the program or written by its grammar."""

    question: Question
    answer: str


def check_critic(
    library: Library, servers: Servers, cancel: CancelToken, *, name: str | None = None, answers: int = USUAL_ANSWERS
) -> Iterator[Event]:
    """Show the critic `answers` good answers as they stand, and with every kind of fault that each has a place for.

    Ends with a `CriticReported` over all its trials so far, and a warning where it can't be trusted. Trials are
    kept as they are made. Raises `KnownError` when there is no such critic or its server fails.
    """
    critic = _endpoint(library, name)
    number = len({trial.key.partition("/")[0] for trial in list_trials(library)}) + 1
    specimens = practice_specimens(answers, number) if critic.kind is EndpointKind.PRACTICE else shipped_specimens()
    yield from _Check(library, servers, cancel, critic, f"check {number}").work(specimens[:answers])
    cancel.check()
    model = critic.model or ""
    for record in records_of(list_trials(library, critic=critic.name)):
        if record.model == model:
            yield from report_critic(record)


def critic_records(library: Library) -> list[CriticRecord]:
    """How each critic did in all its trials, in cycles and checks."""
    return records_of(list_trials(library))


def shipped_specimens() -> list[Specimen]:
    """Answers without a fault that we know of, in both languages: prose, code and a translation."""
    records = json.loads((resources() / "specimens.json").read_text(encoding="utf-8"))
    return [
        Specimen(
            Question(
                id=0,
                cycle_id=0,
                position=position,
                text=record["question"],
                group="",
                language=record["language"],
                rubric=shipped_rubric(in_language(record["rubric"], record["language"])),
            ),
            record["answer"],
        )
        for position, record in enumerate(records)
    ]


def practice_specimens(count: int, number: int) -> list[Specimen]:
    """Faultless answers to questions of the practice world, others for each check."""
    specimens = []
    for position, asked in enumerate(drafting_questions(0, number, count)):
        facts = parse_question(asked.text)
        if facts is not None:
            plan = draw_plan(random.Random(derive_seed("specimen", number, position)))
            question = Question(0, 0, position, asked.text, asked.group, asked.language, checks=practice_checks())
            specimens.append(Specimen(question, render(facts, dict.fromkeys(CRITERIA, True), plan)))
    return specimens


class _Check:
    """One check, on as many threads as the critic takes calls at once."""

    def __init__(
        self, library: Library, servers: Servers, cancel: CancelToken, endpoint: Endpoint, occasion: str
    ) -> None:
        self._cancel = cancel.child()
        self._crew = Crew("critic-check", self._cancel)
        self._size = max(1, endpoint.concurrency)
        settings = DraftingSettings()
        journal = Journal(
            library,
            servers,
            Slots({endpoint.name: self._size}),
            Budget(settings, Spending()),
            self._crew.tell,
            self._cancel,
        )
        # A cycle that is in no library: the critic reads its own name and the seed from it.
        seed = derive_seed(occasion, endpoint.name)
        cycle = Cycle(0, CycleState.RUNNING, seed, 1, writer="", critic=endpoint.name, writer_version=None)
        critic = Critic(library, cycle, settings, journal, Ladder(rung_of(get_probe(library, endpoint.name))))
        self._calibration = Calibration(
            library, critic, endpoint.name, endpoint.model or "", seed, None, self._crew.tell, f"{occasion}: "
        )

    def work(self, specimens: Sequence[Specimen]) -> Iterator[Event]:
        """Show them all; gives a `CriticTried` for each trial."""
        left = deque(specimens)

        def worker() -> None:
            while not self._cancel.cancelled and left:
                try:
                    specimen = left.popleft()
                except IndexError:  # another worker took the last one
                    return
                self._calibration.try_out(specimen.question, specimen.answer, 1, None, most_kinds=len(DefectKind))

        return self._crew.run([worker] * min(self._size, len(specimens)))


def _endpoint(library: Library, name: str | None) -> Endpoint:
    if name is None:
        return endpoint_for(library, Role.CRITIC)
    if name in (WRITER, CRITIC):
        return built_in(name)
    endpoint = get_endpoint(library, name)
    if endpoint.role is Role.EMBEDDER:
        raise KnownError(
            f"{name!r} computes embeddings and judges nothing.", "`lorastudio endpoint list` shows others."
        )
    return endpoint
