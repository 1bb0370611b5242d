"""The tables of the loop: what is asked, drafted, paired, trained, judged and deployed."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Create the tables.

    - settings: what a person chose, as JSON.
    - endpoints: the servers; `probe` is what its last test found. Keys are in the keychain, never here.
    - cycles: one round of drafting; `stage` and `stage_data` are where its pipeline stands, so that a killed
      one goes on there.
    - questions: what a cycle asks, in order; `group_name` is text, because a group gets its split only when
      its first pair is extracted.
    - calls: the journal of requests. `key` says what was asked; a repeated request is the next attempt of
      its key, so that an answer is looked up instead of asked for again.
    - drafts: answers; `call_id` ties a draft to the request it came from, to estimate what a lost one cost.
    - critiques: one for each judged draft.
    - groups: the side of the split, decided once for each group and never moved. Pairs refer to it, so there
      is no second place that could disagree.
    - pairs: `text_hash` makes two equal pairs one. The index on `state` serves paging by state, since its
      entries are ordered by id.
    - runs, run_events: training and what the worker said, step by step.
    - versions: finished adapters; `model_path` is relative to the home when inside it, so that a home can move.
    - gate_questions: `text_key` is the text without case and spacing, to recognise a gate question anywhere.
    - gate_looks: each look at the gate questions; `question_set` is the hash of the questions looked at.
    - deployments: the journal; an entry is written before anything happens.
    - live_versions: the pointer that a deployment flips; a NULL version means the bare base model.
    """
    db.executescript(_DRAFTING + _PAIRS + _TRAINING + _GATE + _DEPLOYING)


_DRAFTING = """
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE endpoints (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    url TEXT NOT NULL,
    model TEXT,
    kind TEXT NOT NULL,
    concurrency INTEGER NOT NULL,
    connect_timeout_s REAL NOT NULL,
    idle_timeout_s REAL NOT NULL,
    probe TEXT,
    probed_at TEXT
) STRICT;
CREATE TABLE cycles (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    seed INTEGER NOT NULL,
    max_iterations INTEGER NOT NULL,
    writer TEXT NOT NULL,
    critic TEXT NOT NULL,
    writer_version INTEGER,
    settings TEXT NOT NULL,
    stage TEXT NOT NULL,
    stage_data TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE TABLE questions (
    id INTEGER PRIMARY KEY,
    cycle_id INTEGER NOT NULL REFERENCES cycles (id),
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    group_name TEXT NOT NULL,
    language TEXT NOT NULL,
    state TEXT NOT NULL,
    stop_reason TEXT,
    best_draft_id INTEGER REFERENCES drafts (id),
    checks TEXT NOT NULL,
    error TEXT NOT NULL,
    UNIQUE (cycle_id, position)
) STRICT;
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    question_id INTEGER NOT NULL REFERENCES questions (id),
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
    UNIQUE (key, attempt)
) STRICT;
CREATE INDEX calls_question ON calls (question_id);
CREATE INDEX calls_sent ON calls (state) WHERE state = 'sent';
CREATE TABLE drafts (
    id INTEGER PRIMARY KEY,
    question_id INTEGER NOT NULL REFERENCES questions (id),
    iteration INTEGER NOT NULL,
    call_id INTEGER NOT NULL REFERENCES calls (id),
    text TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX drafts_question ON drafts (question_id);
CREATE INDEX drafts_call ON drafts (call_id);
CREATE INDEX drafts_streaming ON drafts (state) WHERE state = 'streaming';
CREATE TABLE critiques (
    id INTEGER PRIMARY KEY,
    draft_id INTEGER NOT NULL UNIQUE REFERENCES drafts (id),
    call_ids TEXT NOT NULL,
    score REAL,
    spread REAL NOT NULL,
    scores TEXT NOT NULL,
    issues TEXT NOT NULL,
    abstained INTEGER NOT NULL
) STRICT;
"""

_PAIRS = """
CREATE TABLE groups (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, split TEXT NOT NULL) STRICT;
CREATE TABLE pairs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    text_hash TEXT NOT NULL UNIQUE,
    prompt TEXT NOT NULL,
    good TEXT,
    bad TEXT,
    group_id INTEGER NOT NULL REFERENCES groups (id),
    origin TEXT NOT NULL,
    language TEXT NOT NULL,
    margin REAL,
    confidence REAL,
    iteration INTEGER,
    cycle_id INTEGER REFERENCES cycles (id),
    question_id INTEGER REFERENCES questions (id),
    good_draft_id INTEGER REFERENCES drafts (id),
    bad_draft_id INTEGER REFERENCES drafts (id),
    lint TEXT NOT NULL,
    extra TEXT NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CHECK (good IS NOT NULL OR bad IS NOT NULL)
) STRICT;
CREATE INDEX pairs_state ON pairs (state);
CREATE INDEX pairs_cycle ON pairs (cycle_id) WHERE cycle_id IS NOT NULL;
"""

_TRAINING = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    config TEXT NOT NULL,
    base_model TEXT NOT NULL,
    dataset_hash TEXT NOT NULL,
    num_examples INTEGER NOT NULL,
    parent_version INTEGER REFERENCES versions (version),
    cycle_id INTEGER REFERENCES cycles (id),
    reserved_version INTEGER UNIQUE,
    result TEXT NOT NULL,
    error TEXT NOT NULL,
    created_at TEXT NOT NULL,
    finished_at TEXT NOT NULL
) STRICT;
CREATE TABLE run_events (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    kind TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX run_events_run ON run_events (run_id, kind);
CREATE TABLE versions (
    version INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL UNIQUE REFERENCES runs (id),
    base_model TEXT NOT NULL,
    training_date TEXT NOT NULL,
    num_examples INTEGER NOT NULL,
    final_loss REAL,
    validation_accuracy REAL,
    gate_accuracy REAL,
    baseline_accuracy REAL,
    verdict TEXT,
    config TEXT NOT NULL,
    model_path TEXT NOT NULL,
    parent INTEGER REFERENCES versions (version),
    base_fingerprint TEXT NOT NULL,
    template_hash TEXT NOT NULL,
    dataset_hash TEXT NOT NULL,
    adapter_hash TEXT NOT NULL,
    metrics TEXT NOT NULL
) STRICT;
"""

_GATE = """
CREATE TABLE gate_questions (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    text_key TEXT NOT NULL UNIQUE,
    group_name TEXT NOT NULL,
    language TEXT NOT NULL,
    checks TEXT NOT NULL,
    source TEXT NOT NULL
) STRICT;
CREATE TABLE gate_looks (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL REFERENCES versions (version),
    against TEXT NOT NULL,
    question_set TEXT NOT NULL,
    number INTEGER NOT NULL,
    seed_base INTEGER NOT NULL,
    report TEXT,
    started_at TEXT NOT NULL,
    finished_at TEXT
) STRICT;
CREATE INDEX gate_looks_version ON gate_looks (version);
"""

_DEPLOYING = """
CREATE TABLE deployments (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    version INTEGER REFERENCES versions (version),
    previous INTEGER REFERENCES versions (version),
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT NOT NULL
) STRICT;
CREATE TABLE live_versions (
    target TEXT PRIMARY KEY,
    version INTEGER REFERENCES versions (version),
    deployment_id INTEGER NOT NULL REFERENCES deployments (id)
) STRICT, WITHOUT ROWID;
"""
