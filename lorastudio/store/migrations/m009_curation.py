"""Curation: filters, counts and history over a million pairs."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Create the tables and fill them from what is there.

    - pairs.hidden: 0 for a pair that is there, 1 for one that a split or a merge replaced, 2 for one whose
      making was undone. A replaced pair keeps its text taken, one that was undone gives way.
    - pair_cells: one row for each set of words that pairs carry (state, origin, language, …), with how many
      pairs carry just that set. Counts are sums over these few rows, and a filter is a choice among them.
      A pair of no import or cycle has a 0 there, because a NULL would be unlike every other NULL.
    - pair_facets: the cell and the figures of each pair, a few bytes instead of its texts. `by_margin` and
      `by_confidence` are minus the figure, 2 when it is unknown: ascending is the order of lists, with equal
      ones by id, so that one comparison of rows finds where a page goes on.
    - Triggers keep both in step with `pairs`, whoever writes there. They take over from the indexes on `pairs`
      by state, which every decision had to rewrite too.
    - actions.who, actions.num_pairs, action_turns: the history says who did something and to how many pairs,
      and when it was undone and done again.
    - saved_filters: filters that a person gave a name.
    """
    db.executescript(_HIDDEN + _FACETS + _FILL + _TRIGGERS + _HISTORY + _SAVED)


_HIDDEN = """
ALTER TABLE pairs ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
"""

_FACETS = """
DROP INDEX pairs_state;
DROP INDEX pairs_review;
DROP INDEX pairs_import;
CREATE INDEX pairs_import ON pairs (import_id);
CREATE TABLE pair_cells (
    id INTEGER PRIMARY KEY,
    import_id INTEGER NOT NULL,
    cycle_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    origin TEXT NOT NULL,
    language TEXT NOT NULL,
    split TEXT NOT NULL,
    lint TEXT NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    pairs INTEGER NOT NULL,
    UNIQUE (import_id, cycle_id, day, origin, language, split, lint, state, decided_by, hidden)
) STRICT;
CREATE TABLE pair_facets (
    pair_id INTEGER PRIMARY KEY,
    cell_id INTEGER NOT NULL,
    by_margin REAL NOT NULL,
    by_confidence REAL NOT NULL
) STRICT;
"""

_KEY = "import_id, cycle_id, day, origin, language, split, lint, state, decided_by, hidden"


def _words(row: str) -> str:
    """The words of a row of `pairs`, in the order of `_KEY`."""
    return (
        f"ifnull({row}.import_id, 0), ifnull({row}.cycle_id, 0), substr({row}.created_at, 1, 10), {row}.origin,"
        f" {row}.language, (SELECT split FROM groups WHERE id = {row}.group_id), {row}.lint, {row}.state,"
        f" {row}.decided_by, {row}.hidden"
    )


def _figures(row: str) -> str:
    return f"ifnull(-{row}.margin, 2), ifnull(-{row}.confidence, 2)"


_FILL = f"""
INSERT INTO pair_cells ({_KEY}, pairs)
SELECT {_words("pairs")}, count(*) FROM pairs GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
INSERT INTO pair_facets (pair_id, cell_id, by_margin, by_confidence)
SELECT pairs.id, (SELECT id FROM pair_cells WHERE ({_KEY}) = ({_words("pairs")})), {_figures("pairs")}
FROM pairs ORDER BY pairs.id;
CREATE INDEX pair_facets_cell ON pair_facets (cell_id, by_confidence, by_margin);
CREATE INDEX pair_facets_margin ON pair_facets (by_margin, pair_id, cell_id, by_confidence);
CREATE INDEX pair_facets_confidence ON pair_facets (by_confidence, pair_id, cell_id, by_margin);
"""

_COUNT_IN = f"""
    INSERT INTO pair_cells ({_KEY}, pairs) VALUES ({_words("new")}, 1) ON CONFLICT DO UPDATE SET pairs = pairs + 1;
"""
_COUNT_OUT = """
    UPDATE pair_cells SET pairs = pairs - 1 WHERE id = (SELECT cell_id FROM pair_facets WHERE pair_id = old.id);
"""
_CELL = f"(SELECT id FROM pair_cells WHERE ({_KEY}) = ({_words('new')}))"

_TRIGGERS = f"""
CREATE TRIGGER pair_facets_add AFTER INSERT ON pairs BEGIN{_COUNT_IN}
    INSERT INTO pair_facets (pair_id, cell_id, by_margin, by_confidence)
    VALUES (new.id, {_CELL}, {_figures("new")});
END;
CREATE TRIGGER pair_facets_remove AFTER DELETE ON pairs BEGIN{_COUNT_OUT}
    DELETE FROM pair_facets WHERE pair_id = old.id;
END;
CREATE TRIGGER pair_facets_change AFTER UPDATE OF import_id, cycle_id, created_at, origin, language, group_id, lint,
    state, decided_by, hidden, margin, confidence ON pairs
BEGIN{_COUNT_OUT}{_COUNT_IN}
    UPDATE pair_facets SET (cell_id, by_margin, by_confidence) = ({_CELL}, {_figures("new")}) WHERE pair_id = new.id;
END;
"""

_HISTORY = """
ALTER TABLE actions ADD COLUMN who TEXT NOT NULL DEFAULT 'person';
ALTER TABLE actions ADD COLUMN num_pairs INTEGER NOT NULL DEFAULT 0;
UPDATE actions SET who = 'import', num_pairs = (SELECT count(*) FROM pairs WHERE pairs.import_id = actions.import_id)
WHERE kind = 'import';
UPDATE actions SET num_pairs = (SELECT count(*) FROM action_pairs WHERE action_id = actions.id) WHERE kind <> 'import';
UPDATE actions SET who = 'bulk' WHERE kind = 'decide' AND 'bulk' =
    (SELECT json_extract(after, '$.decided_by') FROM action_pairs WHERE action_id = actions.id LIMIT 1);
UPDATE actions SET who = 'rule' WHERE kind = 'decide' AND 'rule' =
    (SELECT json_extract(after, '$.decided_by') FROM action_pairs WHERE action_id = actions.id LIMIT 1);
CREATE TABLE action_turns (
    id INTEGER PRIMARY KEY,
    action_id INTEGER NOT NULL REFERENCES actions (id),
    state TEXT NOT NULL,
    turned_at TEXT NOT NULL
) STRICT;
CREATE INDEX action_turns_action ON action_turns (action_id);
"""

_SAVED = """
CREATE TABLE saved_filters (name TEXT PRIMARY KEY, filter TEXT NOT NULL, saved_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
