"""Drafting: what calls cost, rubrics of the user's own, judged final pairs, and how well critics see planted faults."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Add two columns and three tables.

    - calls: `cost_usd` at the prices of the moment; NULL where the endpoint has none.
    - questions: `rubric` as JSON, frozen when the cycle begins, so that a later edit changes nothing that runs;
      NULL where the cycle's or the general one holds.
    - rubrics: the user's own, and changed copies of ours under the same name.
    - judgements: the verdict of both orders on a question's best draft and its counterpart.
    - critic_trials: one planted fault, or one unchanged control (`kind` empty), shown to a critic. `key` says
      what was shown, so that a restart counts nothing twice.
    """
    db.executescript(_TABLES)


_TABLES = """
ALTER TABLE calls ADD COLUMN cost_usd REAL;
ALTER TABLE questions ADD COLUMN rubric TEXT;
CREATE TABLE rubrics (name TEXT PRIMARY KEY, record TEXT NOT NULL, changed_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE judgements (
    id INTEGER PRIMARY KEY,
    question_id INTEGER NOT NULL UNIQUE REFERENCES questions (id),
    best_draft_id INTEGER NOT NULL REFERENCES drafts (id),
    other_draft_id INTEGER NOT NULL REFERENCES drafts (id),
    preference TEXT NOT NULL,
    call_ids TEXT NOT NULL
) STRICT;
CREATE TABLE critic_trials (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    critic TEXT NOT NULL,
    model TEXT NOT NULL,
    cycle_id INTEGER REFERENCES cycles (id),
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    score REAL,
    before REAL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX critic_trials_critic ON critic_trials (critic);
CREATE INDEX critic_trials_cycle ON critic_trials (cycle_id);
"""
