"""Questions: read from files, kept for the gate, made into a cycle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lorastudio.datasets.checks import validate_checks, with_defaults
from lorastudio.datasets.groups import group_of
from lorastudio.datasets.language import detect_language
from lorastudio.domain.draft import Cycle, Question, QuestionState
from lorastudio.domain.drafting_events import CycleEstimated
from lorastudio.domain.endpoint import Endpoint, EndpointKind, Role
from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.domain.seeds import derive_seed
from lorastudio.practice.facts import parse_question
from lorastudio.practice.prompts import practice_checks
from lorastudio.services.base_models import default_base, is_practice
from lorastudio.services.cycle import FINISHED, plan_training, recall
from lorastudio.services.drafting.estimate import Plan, estimate_cycle, refuse_unpriced
from lorastudio.services.drafting.settings import DraftingSettings
from lorastudio.services.gate_sets import set_practice_questions_aside, set_share_aside
from lorastudio.services.practice import practice_recipe
from lorastudio.services.rubrics import chosen_rubric
from lorastudio.services.servers import endpoint_for
from lorastudio.store import cycles, deployments
from lorastudio.store.endpoints import get_endpoint
from lorastudio.store.gate_questions import (
    NewGateQuestion,
    add_gate_questions,
    is_gate_text,
    list_gate_questions,
)
from lorastudio.store.library import Library
from lorastudio.store.questions import NewQuestion, list_all_questions, list_questions, set_question_state
from lorastudio.store.verified import list_asked_texts
from lorastudio.training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class CycleChoices:
    """What a person may choose for a cycle. `checks` and `rubric` (a name or an object; empty: the general one)
    hold for questions that don't say themselves; `writer` is an endpoint's name."""

    seed: int = 0
    max_iterations: int = 6
    train: bool = False
    writer: str | None = None
    settings: DraftingSettings = field(default_factory=DraftingSettings)
    checks: Mapping[str, Any] = field(default_factory=dict)
    rubric: Any = ""


def read_questions(texts: Sequence[str], file: Path | None, library: Library | None = None) -> list[NewQuestion]:
    """Questions from the command line and from a file: one a line, or JSONL with `question` and maybe `checks`
    and `rubric` (a name or an object, read when there is a `library` to look it up in).

    Empty lines are skipped and repeated questions taken once. Raises `KnownError` naming the bad line.
    """
    specs = [_question(text, {}) for text in texts if text.strip()]
    if file is not None:
        specs += _read_file(file, library)
    unique = list({spec.text: spec for spec in specs}.values())
    if not unique:
        raise UsageError("There is no question among what was given.", "Give at least one that is not empty.")
    return unique


def add_gate_file(library: Library, file: Path) -> int:
    """Keep the questions of a file for the gate alone; returns how many were new."""
    specs = read_questions([], file)
    known = {question.text for question in list_all_questions(library)} | list_asked_texts(library)
    if clash := [spec.text for spec in specs if spec.text in known]:
        raise KnownError(
            f"{len(clash)} of these questions were drafted on already, or verified; the first is {clash[0]!r}.",
            "Gate questions must be ones that nothing was ever learned from; take those out.",
        )
    return add_gate_questions(
        library, [NewGateQuestion(spec.text, spec.group, spec.language, spec.checks, file.name) for spec in specs]
    )


def start_cycle(library: Library, specs: Sequence[NewQuestion], choices: CycleChoices) -> tuple[Cycle, int]:
    """Write down a cycle over the questions that aren't the gate's; returns it and how many were set aside.

    Where there are no gate questions yet, 30% of at least ten questions (at most 200) are set aside first,
    by a hash of their group, so that asking again sets the same ones aside. With `choices.train` the cycle goes on
    to deployment. Raises `KnownError` when another cycle is unfinished, no question is left, or a budget in money
    is to hold for an endpoint without a price.
    """
    if waiting := unfinished_cycles(library):
        raise KnownError(
            f"Cycle {waiting[-1].id} is not finished.",
            "Continue it with `lorastudio cycle --resume`, or leave it with `lorastudio cycle --abandon`.",
        )
    choices.settings.refuse_nonsense()
    writer, critic = cast(library, choices)
    base = default_base(library)
    _refuse_unknown_to_practice(specs, writer, critic, base)
    specs = prepared(library, specs, choices)
    with library.transaction():
        aside = _set_aside(library, specs, is_practice(base))
        kept = [spec for spec in specs if not is_gate_text(library, spec.text)]
        if not kept:
            raise KnownError(
                "All these questions are gate questions, which are never drafted on.", "Give other questions."
            )
        cycle = cycles.create_cycle(
            library,
            seed=derive_seed("cycle", choices.seed),
            max_iterations=choices.max_iterations,
            writer=writer.name,
            critic=critic.name,
            writer_version=deployments.live_version(library),
            settings=choices.settings.as_record(),
            questions=kept,
        )
        if choices.train:
            config = practice_recipe(choices.seed) if is_practice(base) else TrainConfig(seed=choices.seed)
            plan_training(library, cycle.id, config, base)
    return cycle, aside


def estimate_start(library: Library, specs: Sequence[NewQuestion], choices: CycleChoices) -> CycleEstimated:
    """What a cycle over these questions would take, those included that it would set aside for the gate first.

    Starts nothing. Raises what `start_cycle` raises for choices that can't work.
    """
    choices.settings.refuse_nonsense()
    writer, critic = cast(library, choices)
    _refuse_unknown_to_practice(specs, writer, critic, default_base(library))
    kept = [spec for spec in prepared(library, specs, choices) if not is_gate_text(library, spec.text)]
    questions = [
        Question(0, 0, position, spec.text, spec.group, spec.language, checks=spec.checks, rubric=spec.rubric)
        for position, spec in enumerate(kept)
    ]
    seed = derive_seed("cycle", choices.seed)
    return estimate_cycle(library, Plan(questions, choices.settings, choices.max_iterations, seed, writer, critic))


def cast(library: Library, choices: CycleChoices) -> tuple[Endpoint, Endpoint]:
    """Writer and critic of a cycle that starts now; `KnownError` when one is not set up, or has no price although
    the budget is in money."""
    writer = get_endpoint(library, choices.writer) if choices.writer else endpoint_for(library, Role.WRITER)
    critic = endpoint_for(library, Role.CRITIC)
    refuse_unpriced((writer, critic), choices.settings.budget_usd)
    return writer, critic


def prepared(library: Library, specs: Sequence[NewQuestion], choices: CycleChoices) -> list[NewQuestion]:
    """The questions with the cycle's checks and rubric where they have none of their own."""
    validate_checks({name: value for name, value in choices.checks.items() if value is not None})
    rubrics = {language: chosen_rubric(library, choices.rubric, language) for language in {s.language for s in specs}}
    return [
        replace(
            spec,
            checks=with_defaults(spec.checks, choices.checks),
            rubric=spec.rubric or rubrics[spec.language],
        )
        for spec in specs
    ]


def unfinished_cycles(library: Library) -> list[Cycle]:
    """The cycles that were stopped, failed or killed before their last stage, oldest first."""
    return [cycle for cycle in cycles.list_cycles(library) if recall(library, cycle.id).stage != FINISHED]


def continue_cycle(library: Library) -> Cycle:
    """The newest unfinished cycle, its failed questions waiting again; `KnownError` when there is none."""
    waiting = unfinished_cycles(library)
    if not waiting:
        raise KnownError("There is no unfinished cycle.", "Start one with `lorastudio cycle`.")
    with library.transaction():
        for question in list_questions(library, waiting[-1].id, QuestionState.FAILED):
            set_question_state(library, question.id, QuestionState.WAITING)
    return waiting[-1]


def _refuse_unknown_to_practice(specs: Sequence[NewQuestion], writer: Endpoint, critic: Endpoint, base: str) -> None:
    strange = [spec.text for spec in specs if "practice" not in spec.checks]
    own_writer = writer.kind is EndpointKind.ENGINE and is_practice(base)
    if strange and (own_writer or critic.kind is EndpointKind.PRACTICE):
        raise KnownError(
            f"The practice world only knows its own questions, not {strange[0]!r}.",
            "Try `lorastudio demo`, or set up your own writer and critic with `lorastudio endpoint add`.",
        )


def _set_aside(library: Library, specs: Sequence[NewQuestion], practice: bool) -> int:
    if list_gate_questions(library):
        return 0
    if practice and all("practice" in spec.checks for spec in specs):
        set_practice_questions_aside(library)
        return 0
    return set_share_aside(library, specs)


def _read_file(file: Path, library: Library | None) -> list[NewQuestion]:
    try:
        lines = file.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise KnownError(f"{file} can't be read: {error.strerror}.", "Check the name.") from error
    except UnicodeDecodeError as error:
        raise KnownError(f"{file} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error
    return [
        _parse(line.strip(), f"{file}, line {number}", library) for number, line in enumerate(lines, 1) if line.strip()
    ]


def _parse(line: str, where: str, library: Library | None) -> NewQuestion:
    if not line.startswith("{"):
        return _question(line, {})
    try:
        record = json.loads(line)
    except ValueError as error:
        raise KnownError(
            f"{where} is no valid JSON: {error}.", "Mend the line, or write the plain question."
        ) from error
    text, checks = record.get("question"), record.get("checks", {})
    if not isinstance(text, str) or not text.strip() or not isinstance(checks, dict):
        raise KnownError(f'{where} has no "question" text.', 'Write {"question": "…", "checks": {…}}.')
    try:
        validate_checks({name: value for name, value in checks.items() if value is not None})
        question = _question(text, checks)
        if library is not None and record.get("rubric"):
            question = replace(question, rubric=chosen_rubric(library, record["rubric"], question.language))
    except UsageError as error:
        raise UsageError(f"{where}: {error.message}", error.hint) from error
    return question


def _question(text: str, checks: dict[str, Any]) -> NewQuestion:
    text = text.strip()
    if not checks and parse_question(text) is not None:
        checks = practice_checks()
    return NewQuestion(text, group_of(text), detect_language(text), checks)
