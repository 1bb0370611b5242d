"""Older files are upgraded with all they hold, newer ones are left alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.errors import LibraryBusyError, LibraryTooNewError
from lorastudio.domain.history import Actor
from lorastudio.domain.pair import Decider, PairOrder, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store import upgrade
from lorastudio.store.calls import list_calls
from lorastudio.store.clusters import ClusterKind, Look, cluster_of, last_look, save_clusters
from lorastudio.store.drafts import list_drafts
from lorastudio.store.endpoints import list_endpoints
from lorastudio.store.history import list_actions
from lorastudio.store.library import LIBRARY_FILE, Library
from lorastudio.store.lock import WriterLock
from lorastudio.store.migrations import MIGRATIONS, m007_imports, m008_cleaning, m009_curation
from lorastudio.store.pairs import count_pairs, decide_pairs, get_pairs, list_pairs, pair_ids, undo
from lorastudio.store.questions import list_questions


def fill_format_1(db: Database) -> None:
    """A library as it was before there were imports, undo and search."""
    db.execute("INSERT INTO groups (name, split) VALUES ('copper', 'heldout')")
    db.execute(
        "INSERT INTO pairs (text_hash, prompt, good, group_id, origin, language, lint, extra, state, decided_by,"
        " created_at) VALUES ('h', ?, 'O cobre foi recozido, em três horas.', 1, 'drafted', 'pt', '[]', '{}',"
        " 'accepted', 'person', '2026-11-22T12:00:00Z')",
        ['[{"role":"user","content":"Report: sample copper"}]'],
    )


def check_format_1(library: Library) -> None:
    (pair,) = list_pairs(library, PairFilter(search="tres cobre"))
    assert pair.state is PairState.ACCEPTED
    assert pair.split is Split.HELDOUT
    assert pair.import_id is None
    assert list_pairs(library, PairFilter(search="copper")) == [pair]
    assert list_pairs(library, PairFilter(search="role")) == []
    decide_pairs(library, [pair.id], PairState.REJECTED, Decider.PERSON, "reject")
    undo(library)
    assert list_pairs(library) == [pair]


def fill_format_2(db: Database) -> None:
    """A library as it was before pairs could be listed in order without their texts: with an import of its own."""
    fill_format_1(db)
    db.execute(
        "INSERT INTO imports (path, format, state, pair_state, decided_by, started_at) VALUES"
        " ('notes.jsonl', 'seed', 'committed', 'pending', 'nobody', '2026-11-22T12:00:00Z')"
    )
    db.execute(
        "INSERT INTO pairs (text_hash, prompt, good, group_id, origin, language, margin, lint, extra, state,"
        " decided_by, created_at, import_id) VALUES ('i', '[]', 'Imported.', 1, 'imported', 'en', 0.5, '[]', '{}',"
        " 'pending', 'nobody', '2026-11-22T12:00:00Z', 1)"
    )


def check_format_2(library: Library) -> None:
    imported, drafted = get_pairs(library, pair_ids(library, order=PairOrder.MARGIN))
    assert (imported.text_hash, imported.margin) == ("i", 0.5)
    assert (drafted.text_hash, drafted.state) == ("h", PairState.ACCEPTED)


def fill_format_3(db: Database) -> None:
    """A library as it was before endpoints had a protocol, headers, prices and embeddings."""
    fill_format_2(db)
    db.execute(
        "INSERT INTO endpoints (name, role, url, kind, concurrency, connect_timeout_s, idle_timeout_s) VALUES"
        " ('far', 'critic', 'https://example.org/v1', 'http', 3, 4.0, 5.0)"
    )


def check_format_3(library: Library) -> None:
    (endpoint,) = list_endpoints(library)
    assert endpoint == Endpoint(
        "far",
        Role.CRITIC,
        "https://example.org/v1",
        concurrency=3,
        connect_timeout_s=4.0,
        idle_timeout_s=5.0,
        id=endpoint.id,
    )


def fill_format_4(db: Database) -> None:
    """A library as it was before calls had a cost and questions a rubric."""
    fill_format_3(db)
    db.execute(
        "INSERT INTO cycles (state, seed, max_iterations, writer, critic, settings, stage, stage_data, created_at)"
        " VALUES ('finished', 1, 6, 'near', 'far', '{}', 'finished', '{}', '2026-11-22T12:00:00Z')"
    )
    db.execute(
        "INSERT INTO questions (cycle_id, position, text, group_name, language, state, checks, error)"
        " VALUES (1, 0, 'Why?', 'why', 'en', 'done', '{}', '')"
    )
    db.execute(
        "INSERT INTO calls (key, attempt, question_id, iteration, purpose, endpoint, state, request, sent_at)"
        " VALUES ('1/0/1/draft/0', 1, 1, 1, 'draft', 'near', 'answered', '{}', '2026-11-22T12:00:00Z')"
    )


def check_format_4(library: Library) -> None:
    (call,) = list_calls(library, cycle_id=1)
    assert (call.key, call.cost_usd) == ("1/0/1/draft/0", None)
    (question,) = list_questions(library, 1)
    assert (question.text, question.rubric) == ("Why?", None)


def fill_format_5(db: Database) -> None:
    """A library as it was before verified responses: every call belonged to a question, and a draft to a call."""
    fill_format_4(db)
    db.execute("UPDATE calls SET cost_usd = 0.25, answer = 'Because.'")
    db.execute(
        "INSERT INTO drafts (question_id, iteration, call_id, text, reasoning, state)"
        " VALUES (1, 1, 1, 'Because.', '', 'finished')"
    )


def check_format_5(library: Library) -> None:
    (call,) = list_calls(library, cycle_id=1)
    assert (call.id, call.question_id, call.verification_id, call.answer) == (1, 1, None, "Because.")
    assert call.cost_usd == 0.25
    assert [draft.text for draft in list_drafts(library, 1)] == ["Because."]


def check_after_cleaning(library: Library) -> None:
    assert last_look(library, ClusterKind.DUPLICATES) is None
    save_clusters(library, Look(ClusterKind.DUPLICATES, "minhash", "", 2), [[1, 2]])
    assert cluster_of(library, ClusterKind.DUPLICATES, 2) == (1,)


def check_after_imports(library: Library) -> None:
    check_format_2(library)
    assert [tuple(row) for row in library.rows("SELECT path, part_of FROM imports")] == [("notes.jsonl", None)]


def fill_before_curation(db: Database) -> None:
    """A library as it was before pairs had cells and the history said who: with a decision by the rule, undone."""
    fill_format_2(db)
    db.execute("UPDATE pairs SET lint = '[\"length bias\"]', confidence = 0.9 WHERE text_hash = 'i'")
    db.execute(
        "INSERT INTO actions (kind, label, state, done_at) VALUES"
        " ('decide', 'acceptance of pair 2', 'done', '2026-11-22T12:00:00Z')"
    )
    db.execute(
        "INSERT INTO action_pairs (action_id, pair_id, before, after) VALUES (1, 2,"
        ' \'{"state":"pending","decided_by":"nobody"}\', \'{"state":"accepted","decided_by":"rule"}\')'
    )
    db.execute("UPDATE pairs SET state = 'accepted', decided_by = 'rule' WHERE id = 2")


def check_after_curation(library: Library) -> None:
    assert count_pairs(library) == {PairState.PENDING: 0, PairState.ACCEPTED: 2, PairState.REJECTED: 0}
    chosen = PairFilter(findings=("length bias",), min_confidence=0.9, max_margin=0.5, splits=(Split.HELDOUT,))
    (imported,) = list_pairs(library, chosen, order=PairOrder.CONFIDENCE)
    assert imported.text_hash == "i"
    (action,) = list_actions(library)
    assert (action.who, action.num_pairs, action.turns) == (Actor.RULE, 1, ())
    undo(library)
    assert count_pairs(library)[PairState.PENDING] == 1


# What a file of each format held, and what must be true of it after its upgrade.
OLDER: dict[int, tuple[Callable[[Database], None], Callable[[Library], None]]] = {
    1: (fill_format_1, check_format_1),
    2: (fill_format_2, check_format_2),
    3: (fill_format_3, check_format_3),
    4: (fill_format_4, check_format_4),
    5: (fill_format_5, check_format_5),
    MIGRATIONS.index(m007_imports.apply): (fill_format_2, check_after_imports),
    MIGRATIONS.index(m008_cleaning.apply): (fill_format_2, check_after_cleaning),
    MIGRATIONS.index(m009_curation.apply): (fill_before_curation, check_after_curation),
}


def older_file(home: Path, version: int) -> Path:
    home.mkdir()
    path = home / LIBRARY_FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        db = Database(connection)
        for migration in MIGRATIONS[:version]:
            migration(db)
        OLDER[version][0](db)
        db.execute(f"PRAGMA user_version = {version}")
    return path


def test_every_migration_has_an_older_file_to_upgrade() -> None:
    assert set(OLDER) == set(range(1, upgrade.LATEST))


@pytest.mark.parametrize("version", OLDER)
def test_an_older_file_is_upgraded_with_all_it_holds(tmp_path: Path, version: int) -> None:
    older_file(tmp_path / "home", version)
    with Library.open(tmp_path / "home", write=True) as library:
        assert upgrade.version_of(library.db) == upgrade.LATEST
        OLDER[version][1](library)


@pytest.mark.parametrize("version", OLDER)
def test_an_older_file_has_the_same_schema_after_its_upgrade_as_a_new_one(tmp_path: Path, version: int) -> None:
    older_file(tmp_path / "old", version)
    schema = "SELECT name, sql FROM sqlite_master ORDER BY name"
    with Library.open(tmp_path / "old", write=True) as old, Library.open(tmp_path / "new", write=True) as new:
        assert [tuple(row) for row in old.rows(schema)] == [tuple(row) for row in new.rows(schema)]


def test_an_older_file_is_copied_before_its_upgrade(tmp_path: Path) -> None:
    older_file(tmp_path / "home", 1)
    Library.open(tmp_path / "home", write=True).close()
    with closing(sqlite3.connect(tmp_path / "home" / "library.db.before-2")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)
        assert copy.execute("SELECT text_hash FROM pairs").fetchall() == [("h",)]


def test_a_new_library_leaves_no_copy(tmp_path: Path) -> None:
    with Library.open(tmp_path, write=True):
        assert sorted(path.name for path in tmp_path.iterdir() if "before" in path.name) == []


def test_reading_an_older_file_upgrades_it_too(tmp_path: Path) -> None:
    older_file(tmp_path / "home", 1)
    with Library.open(tmp_path / "home", write=False) as library:
        assert not library.writable
        assert [pair.text_hash for pair in list_pairs(library)] == ["h"]


def test_reading_an_older_file_that_somebody_writes_to_says_so(tmp_path: Path) -> None:
    older_file(tmp_path / "home", 1)
    lock = WriterLock(tmp_path / "home", "train")
    with pytest.raises(LibraryBusyError):
        Library.open(tmp_path / "home", write=False)
    lock.release()


@pytest.mark.parametrize("write", [True, False])
def test_a_newer_file_is_refused_untouched(tmp_path: Path, write: bool) -> None:
    Library.open(tmp_path, write=True).close()
    with closing(sqlite3.connect(tmp_path / LIBRARY_FILE)) as connection:
        connection.execute(f"PRAGMA user_version = {upgrade.LATEST + 1}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = (tmp_path / LIBRARY_FILE).read_bytes()
    files = sorted(tmp_path.iterdir())
    with pytest.raises(LibraryTooNewError, match="newer version") as caught:
        Library.open(tmp_path, write=write)
    assert "Update the program" in caught.value.hint
    assert (tmp_path / LIBRARY_FILE).read_bytes() == before
    assert sorted(tmp_path.iterdir()) == files


def test_a_newer_file_whose_version_is_still_in_its_journal_is_refused(tmp_path: Path) -> None:
    Library.open(tmp_path, write=True).close()
    with closing(sqlite3.connect(tmp_path / LIBRARY_FILE)) as connection:
        connection.execute(f"PRAGMA user_version = {upgrade.LATEST + 1}")
        for write in (True, False):
            with pytest.raises(LibraryTooNewError):
                Library.open(tmp_path, write=write)


def test_a_migration_that_fails_leaves_the_older_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(db: Database) -> None:
        db.execute("DROP TABLE pairs")
        raise RuntimeError("half way")

    older_file(tmp_path / "home", 1)
    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "MIGRATIONS", (MIGRATIONS[0], fail))
        with pytest.raises(RuntimeError, match="half way"):
            Library.open(tmp_path / "home", write=True)
    with Library.open(tmp_path / "home", write=True) as library:
        check_format_1(library)
