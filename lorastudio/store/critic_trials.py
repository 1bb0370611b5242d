"""Trials of critics, each counted once."""

from __future__ import annotations

import sqlite3

from lorastudio.domain.clock import now
from lorastudio.domain.critic_trial import CriticTrial, DefectKind, TrialOutcome
from lorastudio.store.library import Library


def add_trial(library: Library, trial: CriticTrial) -> bool:
    """Keep a trial; False when one of its key is there already."""
    added = library.execute(
        "INSERT OR IGNORE INTO critic_trials (key, critic, model, cycle_id, kind, outcome, score, before, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            trial.key,
            trial.critic,
            trial.model,
            trial.cycle_id,
            "" if trial.kind is None else trial.kind,
            trial.outcome,
            trial.score,
            trial.before,
            now(),
        ),
    )
    return added == 1


def list_trials(library: Library, critic: str | None = None, cycle_id: int | None = None) -> list[CriticTrial]:
    """All trials, or those of a critic or a cycle, oldest first."""
    rows = library.rows(
        "SELECT * FROM critic_trials WHERE (:critic IS NULL OR critic = :critic)"
        " AND (:cycle IS NULL OR cycle_id = :cycle) ORDER BY id",
        {"critic": critic, "cycle": cycle_id},
    )
    return [_trial(row) for row in rows]


def _trial(row: sqlite3.Row) -> CriticTrial:
    return CriticTrial(
        key=row["key"],
        critic=row["critic"],
        model=row["model"],
        cycle_id=row["cycle_id"],
        kind=DefectKind(row["kind"]) if row["kind"] else None,
        outcome=TrialOutcome(row["outcome"]),
        score=row["score"],
        before=row["before"],
    )
