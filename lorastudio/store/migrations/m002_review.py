"""Review: imports that appear at once, undo, and search over pairs."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Create the tables and index what is there.

    - imports: a file that was read. Its pairs exist for everybody else only while `state` is 'committed', so
      that one small update makes a million rows appear or vanish together.
    - pairs.import_id: the import that a pair came with; indexed together with the state to count quickly.
    - actions, action_pairs: what undo takes back: one row for each action, one image of before and after for
      each pair that it touched. Only added to; `state` is the one thing that changes.
    - edited_texts: the hash of every text that an edited pair has had, so that the same file or cycle does
      not bring the unedited text back, and undo never finds its place taken.
    - pair_index: full-text search without case and accents. It keeps no text of its own, and is kept in step
      by triggers rather than by an external content table, because FTS5 does not read content through
      json_each (it refuses virtual tables there) and a prompt's JSON must not be searched.
    """
    db.executescript(_IMPORTS + _UNDO + _SEARCH)


_IMPORTS = """
CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    format TEXT NOT NULL,
    state TEXT NOT NULL,
    pair_state TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    report TEXT,
    started_at TEXT NOT NULL,
    committed_at TEXT
) STRICT;
ALTER TABLE pairs ADD COLUMN import_id INTEGER REFERENCES imports (id);
CREATE INDEX pairs_import ON pairs (import_id, state);
"""

_UNDO = """
CREATE TABLE actions (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    import_id INTEGER REFERENCES imports (id),
    state TEXT NOT NULL,
    done_at TEXT NOT NULL
) STRICT;
CREATE INDEX actions_state ON actions (state);
CREATE TABLE action_pairs (
    action_id INTEGER NOT NULL REFERENCES actions (id),
    pair_id INTEGER NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    PRIMARY KEY (action_id, pair_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX action_pairs_pair ON action_pairs (pair_id);
CREATE TABLE edited_texts (
    text_hash TEXT PRIMARY KEY,
    pair_id INTEGER NOT NULL REFERENCES pairs (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX edited_texts_pair ON edited_texts (pair_id);
"""

_PROMPT_TEXT = "(SELECT group_concat(json_extract(value, '$.content'), char(10)) FROM json_each({row}.prompt))"

_SEARCH = f"""
CREATE VIRTUAL TABLE pair_index USING fts5 (
    prompt, good, bad, content = '', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER pair_index_add AFTER INSERT ON pairs BEGIN
    INSERT INTO pair_index (rowid, prompt, good, bad)
    VALUES (new.id, {_PROMPT_TEXT.format(row="new")}, new.good, new.bad);
END;
CREATE TRIGGER pair_index_remove AFTER DELETE ON pairs BEGIN
    INSERT INTO pair_index (pair_index, rowid, prompt, good, bad)
    VALUES ('delete', old.id, {_PROMPT_TEXT.format(row="old")}, old.good, old.bad);
END;
CREATE TRIGGER pair_index_change AFTER UPDATE OF prompt, good, bad ON pairs BEGIN
    INSERT INTO pair_index (pair_index, rowid, prompt, good, bad)
    VALUES ('delete', old.id, {_PROMPT_TEXT.format(row="old")}, old.good, old.bad);
    INSERT INTO pair_index (rowid, prompt, good, bad)
    VALUES (new.id, {_PROMPT_TEXT.format(row="new")}, new.good, new.bad);
END;
INSERT INTO pair_index (rowid, prompt, good, bad)
SELECT id, {_PROMPT_TEXT.format(row="pairs")}, good, bad FROM pairs;
"""
