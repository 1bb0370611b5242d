"""Verified responses: what was asked of several teachers, what each said, and what a quorum stands behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from lorastudio.domain.changes import Changes
from lorastudio.domain.clock import now
from lorastudio.domain.errors import BugError, KnownError
from lorastudio.domain.pair import Decider, NewPair, PairState
from lorastudio.domain.verified import (
    AnswerState,
    Finding,
    Method,
    Outcome,
    Query,
    Quorum,
    TeacherAnswer,
    Verification,
    VerificationState,
    VerifiedResponse,
)
from lorastudio.store.imports import begin_import, commit_import, drop_import
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library
from lorastudio.store.pair_rows import insert_pairs
from lorastudio.store.questions import NewQuestion

FORMAT = "verified responses"

_ACCEPTED = (PairState.ACCEPTED, Decider.RULE)
_WAITING = (PairState.PENDING, Decider.NOBODY)


def create_verification(
    library: Library,
    *,
    quorum: Quorum,
    teachers: Sequence[str],
    writer: str | None,
    seed: int,
    settings: dict[str, Any],
    questions: Sequence[NewQuestion],
) -> Verification:
    """Write down what is to be asked of whom, before anything is."""
    with library.transaction():
        verification_id = library.insert(
            "verifications",
            {
                "state": VerificationState.RUNNING,
                "quorum": quorum.needed,
                "teachers": to_json(list(teachers)),
                "writer": writer,
                "seed": seed,
                "settings": to_json(settings),
                "created_at": now(),
            },
        )
        library.execute_many(
            "INSERT INTO verified (verification_id, position, text, group_name, language, checks, outcome)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (verification_id, position, new.text, new.group, new.language, to_json(new.checks), Outcome.WAITING)
                for position, new in enumerate(questions)
            ],
        )
        return get_verification(library, verification_id)


def get_verification(library: Library, verification_id: int) -> Verification:
    """The verification; KnownError when there is none."""
    row = library.row("SELECT * FROM verifications WHERE id = ?", (verification_id,))
    if row is None:
        raise KnownError(f"There is no verification {verification_id}.", "`lorastudio verified list` shows them.")
    return _verification(row)


def list_verifications(library: Library) -> list[Verification]:
    """All verifications, oldest first."""
    return [_verification(row) for row in library.rows("SELECT * FROM verifications ORDER BY id")]


def set_verification_state(library: Library, verification_id: int, state: VerificationState) -> None:
    """Say how a verification stands."""
    library.execute("UPDATE verifications SET state = ? WHERE id = ?", (state, verification_id))


def set_verification_settings(library: Library, verification_id: int, settings: dict[str, Any]) -> None:
    """Let other settings hold from now on."""
    library.execute("UPDATE verifications SET settings = ? WHERE id = ?", (to_json(settings), verification_id))


def list_queries(library: Library, verification_id: int, outcome: Outcome | None = None) -> list[Query]:
    """The questions of a verification by position, all or those with one outcome."""
    rows = library.rows(
        "SELECT * FROM verified WHERE verification_id = :id AND (:outcome IS NULL OR outcome = :outcome)"
        " ORDER BY position",
        {"id": verification_id, "outcome": outcome},
    )
    return [_query(row) for row in rows]


def count_outcomes(library: Library, verification_id: int) -> dict[Outcome, int]:
    """How many questions of a verification came to what, zeros included."""
    rows = library.rows(
        "SELECT outcome, count(*) AS questions FROM verified WHERE verification_id = ? GROUP BY outcome",
        (verification_id,),
    )
    return dict.fromkeys(Outcome, 0) | {Outcome(row["outcome"]): row["questions"] for row in rows}


def settle(library: Library, query_id: int, finding: Finding) -> None:
    """Keep what a waiting question came to, with every teacher's answer."""
    with library.transaction():
        touched = library.execute(
            "UPDATE verified SET outcome = :outcome, method = :method, answer = :answer, votes = :votes,"
            " dissent = :dissent, confidence = :confidence, writer_answer = :writer_answer,"
            " writer_differs = :writer_differs, settled_at = :now WHERE id = :id AND outcome = :waiting",
            {
                "outcome": finding.outcome,
                "method": finding.method,
                "answer": finding.answer,
                "votes": finding.votes,
                "dissent": finding.dissent,
                "confidence": finding.confidence,
                "writer_answer": finding.writer_answer,
                "writer_differs": finding.writer_differs,
                "now": now(),
                "id": query_id,
                "waiting": Outcome.WAITING,
            },
        )
        if touched != 1:
            raise BugError(f"Question {query_id} of a verification does not wait.")
        library.execute_many(
            "INSERT INTO verified_answers (verified_id, teacher, state, text, short_form, supporters, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (query_id, item.teacher, item.state, item.text, item.short_form, to_json(item.supporters), item.note)
                for item in finding.answers
            ],
        )


def reopen(library: Library, verification_id: int) -> int:
    """Make the questions that too few teachers answered wait again; returns how many."""
    with library.transaction():
        ids = [query.id for query in list_queries(library, verification_id, Outcome.TOO_FEW)]
        library.execute(
            "DELETE FROM verified_answers WHERE verified_id IN (SELECT value FROM json_each(?))", (to_json(ids),)
        )
        return library.execute(
            "UPDATE verified SET outcome = ?, settled_at = NULL WHERE id IN (SELECT value FROM json_each(?))",
            (Outcome.WAITING, to_json(ids)),
        )


def list_verified(
    library: Library,
    *,
    min_confidence: float | None = None,
    verification_id: int | None = None,
    outcome: Outcome | None = Outcome.AGREED,
    after_id: int = 0,
    limit: int | None = None,
) -> list[VerifiedResponse]:
    """Settled questions by id, at most `limit` after `after_id`; those that a quorum agreed on unless told else."""
    rows = library.rows(
        "SELECT verified.*, verifications.quorum, verifications.teachers FROM verified"
        " JOIN verifications ON verifications.id = verified.verification_id"
        " WHERE verified.id > :after AND outcome <> :waiting AND (:outcome IS NULL OR outcome = :outcome)"
        " AND (:least IS NULL OR confidence >= :least) AND (:of IS NULL OR verification_id = :of)"
        " ORDER BY verified.id LIMIT :limit",
        {
            "after": after_id,
            "waiting": Outcome.WAITING,
            "outcome": outcome,
            "least": min_confidence,
            "of": verification_id,
            "limit": -1 if limit is None else limit,
        },
    )
    answers = _answers(library, [row["id"] for row in rows])
    return [_response(row, answers.get(row["id"], ())) for row in rows]


def get_verified(library: Library, query_id: int) -> VerifiedResponse:
    """One settled question; KnownError when there is none of that id."""
    found = list_verified(library, after_id=query_id - 1, limit=1, outcome=None)
    if not found or found[0].query.id != query_id:
        raise KnownError(f"There is no verified response {query_id}.", "`lorastudio verified list` shows them.")
    return found[0]


def list_asked_texts(library: Library) -> frozenset[str]:
    """Every question that teachers were asked, as it was put."""
    return frozenset(row["text"] for row in library.rows("SELECT DISTINCT text FROM verified"))


def enter_pairs(
    library: Library, verification_id: int, accepted: Mapping[int, NewPair], waiting: Mapping[int, NewPair]
) -> Changes:
    """Add the pairs of verified responses (by the id of their question) as one undo step.

    `accepted` are accepted by the confidence rule, `waiting` wait for review. Their groups must have their
    splits. A pair that is there already is not added again; its question counts as entered all the same.
    """
    ids = [*accepted, *waiting]
    with library.transaction():
        import_id = begin_import(
            library, f"verification {verification_id}", FORMAT, state=_ACCEPTED[0], decider=_ACCEPTED[1]
        )
        added = 0
        for pairs, (state, decider) in ((accepted, _ACCEPTED), (waiting, _WAITING)):
            new = insert_pairs(library, list(pairs.values()), state=state, decider=decider, import_id=import_id)
            added += len(new.ids)
        library.execute(
            "UPDATE verified SET import_id = ? WHERE id IN (SELECT value FROM json_each(?))", (import_id, to_json(ids))
        )
        if not added:
            drop_import(library, import_id)
            return Changes()
        return commit_import(
            library,
            import_id,
            state=_ACCEPTED[0],
            decider=_ACCEPTED[1],
            report={"verification": verification_id, "pairs_added": added},
            label=f"pairs of verification {verification_id}",
        )


def _answers(library: Library, ids: Sequence[int]) -> dict[int, tuple[TeacherAnswer, ...]]:
    """The answers to each question, in the order in which the verification names its teachers."""
    found: dict[int, tuple[TeacherAnswer, ...]] = {}
    for row in library.rows(
        "SELECT verified_answers.* FROM verified_answers JOIN verified ON verified.id = verified_id"
        " JOIN verifications ON verifications.id = verification_id"
        " JOIN json_each(verifications.teachers) AS named ON named.value = teacher"
        " WHERE verified_id IN (SELECT value FROM json_each(?)) ORDER BY verified_id, named.key",
        (to_json(list(ids)),),
    ):
        answer = TeacherAnswer(
            teacher=row["teacher"],
            state=AnswerState(row["state"]),
            text=row["text"],
            short_form=row["short_form"],
            supporters=tuple(from_json(row["supporters"])),
            note=row["note"],
        )
        found[row["verified_id"]] = (*found.get(row["verified_id"], ()), answer)
    return found


def _verification(row: sqlite3.Row) -> Verification:
    teachers = tuple(from_json(row["teachers"]))
    return Verification(
        id=row["id"],
        state=VerificationState(row["state"]),
        quorum=Quorum(row["quorum"], len(teachers)),
        teachers=teachers,
        writer=row["writer"],
        seed=row["seed"],
        settings=from_json(row["settings"]),
        created_at=row["created_at"],
    )


def _query(row: sqlite3.Row) -> Query:
    return Query(
        id=row["id"],
        verification_id=row["verification_id"],
        position=row["position"],
        text=row["text"],
        group=row["group_name"],
        language=row["language"],
        checks=from_json(row["checks"]),
        outcome=Outcome(row["outcome"]),
    )


def _response(row: sqlite3.Row, answers: tuple[TeacherAnswer, ...]) -> VerifiedResponse:
    finding = Finding(
        outcome=Outcome(row["outcome"]),
        method=Method(row["method"]),
        answers=answers,
        answer=row["answer"],
        votes=row["votes"],
        dissent=row["dissent"],
        confidence=row["confidence"],
        writer_answer=row["writer_answer"],
        writer_differs=bool(row["writer_differs"]),
    )
    quorum = Quorum(row["quorum"], len(from_json(row["teachers"])))
    return VerifiedResponse(_query(row), quorum, finding, row["settled_at"], row["import_id"])
