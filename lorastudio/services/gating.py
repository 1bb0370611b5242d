"""Judging a version on the gate questions: sample, check, decide, write down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError
from lorastudio.domain.events import Event, Warned, as_json
from lorastudio.domain.gate import GateQuestion, GateReport
from lorastudio.domain.gate_events import GateFinished, GateStarted
from lorastudio.domain.seeds import derive_seed
from lorastudio.domain.version import ModelVersion
from lorastudio.gate.canaries import Canary, built_in_canaries
from lorastudio.gate.evidence import Evidence
from lorastudio.practice.questions import canaries as practice_canaries
from lorastudio.processes.jobs import Worker
from lorastudio.services.base_models import is_practice, resolve_base
from lorastudio.services.gate_answers import (
    BASE,
    CANDIDATE,
    LIVE,
    SAMPLES,
    Contest,
    Record,
    Replies,
    WorkerSource,
    ask_all,
    read_lines,
    read_replies,
)
from lorastudio.services.gate_evidence import (
    Judge,
    canary_evidence,
    figures,
    good_answer_evidence,
    judge_answers,
    question_evidence,
    read_words,
)
from lorastudio.services.gate_sets import set_practice_questions_aside
from lorastudio.store.deployments import live_version
from lorastudio.store.gate_looks import GateLook, begin_look, finish_look, list_looks
from lorastudio.store.gate_questions import list_gate_questions, text_key
from lorastudio.store.library import Library
from lorastudio.store.settings import get_setting
from lorastudio.store.versions import get_version, set_gate_result

NEEDED_SETTING = "gate_needed_points"
NEEDED_POINTS = 5.0
GATES = "gates"
WORDS_FILE = "judged.jsonl"


def gate_version(
    library: Library,
    version: int,
    *,
    cancel: CancelToken,
    judge: Judge | None = None,
    worker: WorkerSource | None = None,
) -> Iterator[Event]:
    """Judge `version` against the live version, or against the base when none is live; ends with `GateFinished`.

    The live version itself is judged against the base. Both are sampled afresh with the look's own seeds; the
    same library gives the same figures. A look that was killed or cancelled is taken up again and counts once.
    The report and the version's verdict are written together. KnownError when there are no gate questions, or
    when the live version belongs to another base model: token counts and log-probs would not compare.
    """
    candidate = get_version(library, version)
    if is_practice(candidate.base_model):
        set_practice_questions_aside(library)
    questions = list_gate_questions(library)
    if not questions:
        raise KnownError(
            "There are no gate questions to judge a version by.", "Add some with `lorastudio gate-questions FILE`."
        )
    live = _opponent(library, candidate)
    against = BASE if live is None else f"version {live.version}"
    seed = derive_seed("gate look", version, against, len(list_looks(library)))
    look = begin_look(library, version, against, seed)
    yield GateStarted(version, against, look.number, len(questions), SAMPLES)
    contest = _contest(library, candidate, live, questions, look)
    folder = library.home / GATES / str(look.id)
    yield from ask_all(contest, folder, worker or (lambda: Worker(library.home / "logs")), cancel)
    replies = read_replies(folder)
    if any(not question.checks for question in questions):
        if judge is None:
            yield Warned("Gate questions without checks in code were left out: no judge is set up.")
        else:
            yield from judge_answers(contest, replies, judge, folder / WORDS_FILE, cancel)
    report = _decide(library, candidate, look, contest, replies, judge)
    with library.transaction():
        finish_look(library, look.id, as_json(report))
        set_gate_result(
            library, version, verdict=report.verdict.value, accuracy=report.accuracy, baseline=report.baseline
        )
    yield GateFinished(report)


def _opponent(library: Library, candidate: ModelVersion) -> ModelVersion | None:
    number = live_version(library)
    if number is None or number == candidate.version:
        return None
    live = get_version(library, number)
    if live.base_model != candidate.base_model:
        raise KnownError(
            f"Version {candidate.version} can't be compared with version {number}, which is live: "
            f"their base models are {candidate.base_model} and {live.base_model}.",
            "Roll back to a version of the same base, or to the bare base with `lorastudio rollback 0`.",
        )
    return live


def _contest(
    library: Library,
    candidate: ModelVersion,
    live: ModelVersion | None,
    questions: Sequence[GateQuestion],
    look: GateLook,
) -> Contest:
    adapters: dict[str, str | None] = {CANDIDATE: candidate.model_path}
    if live is not None:
        adapters[LIVE] = live.model_path
    return Contest(
        base=resolve_base(candidate.base_model),
        adapters={**adapters, BASE: None},
        questions=questions,
        canaries=canaries_for(questions),
        good_rows=[row for row in _run_rows(library, candidate, "heldout") if row.get("good")],
        seed=look.seed_base,
    )


def canaries_for(questions: Sequence[GateQuestion]) -> tuple[Canary, ...]:
    """The practice world's own canaries where the gate questions are its, else the general ones."""
    if any(question.checks.get("practice") for question in questions):
        return tuple(Canary(item.ability, item.prompt, item.answer.__eq__) for item in practice_canaries())
    return built_in_canaries()


def _decide(
    library: Library, candidate: ModelVersion, look: GateLook, contest: Contest, replies: Replies, judge: Judge | None
) -> GateReport:
    # Imported here because it brings numpy, which the listing verbs and the window's start do without.
    from lorastudio.gate.rule import judge as decide

    canaries = canary_evidence(contest, replies)
    words = read_words(library.home / GATES / str(look.id) / WORDS_FILE)
    evidence = Evidence(
        version=candidate.version,
        against=look.against,
        look=look.number,
        questions=question_evidence(contest, replies, words),
        canaries=canaries,
        good_answers=good_answer_evidence(contest, replies),
        contaminated=_contaminated(library, candidate, contest.questions),
        notes=(judge.note,) if judge is not None and judge.note and words else (),
    )
    needed = float(get_setting(library, NEEDED_SETTING, NEEDED_POINTS))
    report = decide(evidence, needed=needed, seed=contest.seed)
    return replace(report, details=figures(contest, replies, canaries))


def _contaminated(library: Library, version: ModelVersion, questions: Sequence[GateQuestion]) -> tuple[str, ...]:
    """Gate questions whose text stands in a prompt that the version was trained on."""
    asked = {text_key(question.text): question.text for question in questions}
    rows = _run_rows(library, version, "train") + _run_rows(library, version, "development")
    trained = {text_key(turn["content"]) for row in rows for turn in row["prompt"]}
    return tuple(text for key, text in asked.items() if key in trained)


def _run_rows(library: Library, version: ModelVersion, part: str) -> list[Record]:
    """The rows of one part of the version's frozen set; none when the run's folder was cleared away."""
    return read_lines(library.home / "runs" / str(version.run_id) / f"{part}.jsonl")
