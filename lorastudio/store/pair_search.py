"""Searching a few pairs at once, without the index of all: for words that are in very many.

Where a word begins what very many pairs say, the index must first gather all of them. But then the first few pairs
of any order hold a page of them: those are indexed by themselves, by the same words of SQLite, and asked.
"""

from __future__ import annotations

import sqlite3
from array import array
from contextlib import closing

from lorastudio.domain.text_query import Term
from lorastudio.store.json_text import to_json
from lorastudio.store.library import Library

_TEXTS = """
SELECT pairs.id, (SELECT group_concat(json_extract(value, '$.content'), char(10)) FROM json_each(pairs.prompt)),
    pairs.good, pairs.bad
FROM json_each(?) AS wanted CROSS JOIN pairs ON pairs.id = wanted.value
"""


def match_of(terms: tuple[Term, ...]) -> str:
    """The terms as FTS5 reads them: in quotes no word is an operator, and a star lets the last one go on."""
    return " ".join(f'"{" ".join(term.words)}"{"*" if term.open else ""}' for term in terms)


def saying(library: Library, ids: array[int], terms: tuple[Term, ...]) -> array[int]:
    """Those of `ids` whose pairs say all the terms, in their order; as the index of all pairs would find them."""
    schema = library.value("SELECT sql FROM sqlite_master WHERE name = 'pair_index'")
    texts = [tuple(row) for row in library.rows(_TEXTS, (to_json(list(ids)),))]
    with closing(sqlite3.connect(":memory:")) as few:
        few.execute(schema)
        few.executemany("INSERT INTO pair_index (rowid, prompt, good, bad) VALUES (?, ?, ?, ?)", texts)
        found = few.execute("SELECT rowid FROM pair_index WHERE pair_index MATCH ?", (match_of(terms),))
        said = {row[0] for row in found}
    return array("q", (pair_id for pair_id in ids if pair_id in said))
