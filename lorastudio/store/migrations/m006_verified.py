"""Verified responses: what several teachers were asked, what each said, and what a quorum of them stands behind."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Rebuild one table and create three.

    - calls: `question_id` may be NULL, because a call may belong to a verification in place of a question; never to
      both. SQLite can't drop a NOT NULL, so the table is written anew.
    - verifications: one round of questions to the same teachers under one quorum; `teachers` are the names of
      their endpoints, in the order in which they were given.
    - verified: one question of a verification and what became of it. `import_id` is the undo step with which its
      pair came in, NULL while it has not.
    - verified_answers: one row for each teacher that was asked; `supporters` are the teachers that stand behind
      this answer, its author among them, so that its votes can be counted by anybody.
    """
    db.executescript(_CALLS + _VERIFIED)


_CALLS = """
CREATE TABLE calls_anew (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    question_id INTEGER REFERENCES questions (id),
    verification_id INTEGER REFERENCES verifications (id),
    iteration INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    state TEXT NOT NULL,
    request TEXT NOT NULL,
    answer TEXT NOT NULL DEFAULT '',
    reasoning TEXT NOT NULL DEFAULT '',
    finish_reason TEXT NOT NULL DEFAULT '',
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    tokens_estimated INTEGER NOT NULL DEFAULT 0,
    elapsed_s REAL NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    sent_at TEXT NOT NULL,
    cost_usd REAL,
    UNIQUE (key, attempt),
    CHECK (question_id IS NULL OR verification_id IS NULL)
) STRICT;
INSERT INTO calls_anew (id, key, attempt, question_id, iteration, purpose, endpoint, state, request, answer, reasoning,
    finish_reason, prompt_tokens, completion_tokens, tokens_estimated, elapsed_s, error, sent_at, cost_usd)
SELECT id, key, attempt, question_id, iteration, purpose, endpoint, state, request, answer, reasoning,
    finish_reason, prompt_tokens, completion_tokens, tokens_estimated, elapsed_s, error, sent_at, cost_usd FROM calls;
DROP TABLE calls;
ALTER TABLE calls_anew RENAME TO calls;
CREATE INDEX calls_question ON calls (question_id);
CREATE INDEX calls_verification ON calls (verification_id) WHERE verification_id IS NOT NULL;
CREATE INDEX calls_sent ON calls (state) WHERE state = 'sent';
"""

_VERIFIED = """
CREATE TABLE verifications (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    quorum INTEGER NOT NULL,
    teachers TEXT NOT NULL,
    writer TEXT,
    seed INTEGER NOT NULL,
    settings TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE TABLE verified (
    id INTEGER PRIMARY KEY,
    verification_id INTEGER NOT NULL REFERENCES verifications (id),
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    group_name TEXT NOT NULL,
    language TEXT NOT NULL,
    checks TEXT NOT NULL,
    outcome TEXT NOT NULL,
    method TEXT,
    answer TEXT,
    votes INTEGER NOT NULL DEFAULT 0,
    dissent INTEGER NOT NULL DEFAULT 0,
    confidence REAL,
    writer_answer TEXT,
    writer_differs INTEGER NOT NULL DEFAULT 0,
    import_id INTEGER REFERENCES imports (id),
    settled_at TEXT,
    UNIQUE (verification_id, position)
) STRICT;
CREATE TABLE verified_answers (
    verified_id INTEGER NOT NULL REFERENCES verified (id) ON DELETE CASCADE,
    teacher TEXT NOT NULL,
    state TEXT NOT NULL,
    text TEXT NOT NULL,
    short_form TEXT NOT NULL,
    supporters TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (verified_id, teacher)
) STRICT, WITHOUT ROWID;
"""
