"""Imports of several files as one."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Add one column.

    - imports.part_of: the first of several files that came in together; they are undone and done again with it.
    """
    db.executescript(_PARTS)


_PARTS = """
ALTER TABLE imports ADD COLUMN part_of INTEGER REFERENCES imports (id);
CREATE INDEX imports_part_of ON imports (part_of) WHERE part_of IS NOT NULL;
"""
