"""The library: one SQLite file that holds everything but models and frozen training sets."""

from __future__ import annotations

import sqlite3
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlite_utils import Database

from lorastudio.domain.errors import BugError, LibraryError
from lorastudio.store import upgrade
from lorastudio.store.failures import plain_words
from lorastudio.store.lock import LentLock, WriterLock

LIBRARY_FILE = "library.db"
BUSY_TIMEOUT_S = 10.0

Parameters = Sequence[Any] | dict[str, Any]


class Library:
    """An open library. Several threads may share one: every statement and transaction takes a lock.

    Only the modules of `store` speak SQL to it; everybody else calls their functions.
    """

    def __init__(self, home: Path, db: Database, lock: WriterLock | LentLock | None) -> None:
        """For `open`; takes over `db` and `lock`."""
        self.home = home
        self.db = db
        self._writer_lock = lock
        self._guard = threading.RLock()

    @classmethod
    def open(cls, home: Path, *, write: bool, verb: str = "") -> Library:
        """Open the library in the folder `home`.

        For writing: creates and upgrades it as needed and holds the writer's lock until `close`; `verb` says
        to others what it is held for. For reading: needs no lock and works beside a writer; where there is no
        library yet an empty one is read, and nothing is created. Raises `LibraryBusyError`,
        `LibraryTooNewError` or `LibraryError`.
        """
        if write:
            return cls._open_for_writing(home, verb)
        path = home / LIBRARY_FILE
        if not path.exists():
            return cls(home, _empty_database(), None)
        with plain_words(path):
            db = _connect(path)
            if upgrade.version_of(db) < upgrade.LATEST:
                db.close()
                cls._open_for_writing(home, "upgrading the library").close()
                db = _connect(path)
            db.execute("PRAGMA query_only = ON")
        return cls(home, db, None)

    @classmethod
    def _open_for_writing(cls, home: Path, verb: str) -> Library:
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(f"Can't make the folder {home} ({error.strerror}).", "Choose another home.") from error
        path = home / LIBRARY_FILE
        lock = WriterLock(home, verb)
        try:
            with plain_words(path):
                db = _connect(path)
                with _closed_on_failure(db):
                    db.execute("PRAGMA journal_mode = WAL")
                    upgrade.upgrade(db, path)
        except BaseException:
            lock.release()
            raise
        return cls(home, db, lock)

    @classmethod
    def open_lent(cls, home: Path) -> Library:
        """Open the library for writing in a child of the process that has it open for writing.

        Both may write then, each transaction waits for the other's. `LibraryBusyError` in any other process.
        """
        lock = LentLock(home)
        path = home / LIBRARY_FILE
        with plain_words(path):
            return cls(home, _connect(path), lock)

    @property
    def path(self) -> Path:
        """Where the file is, or would be."""
        return self.home / LIBRARY_FILE

    @property
    def writable(self) -> bool:
        return self._writer_lock is not None

    @property
    def lent(self) -> bool:
        """Whether another process, which lent it, writes to it too."""
        return isinstance(self._writer_lock, LentLock)

    def close(self) -> None:
        """Close the file and let the next writer in. May be called twice."""
        with self._guard:
            self.db.close()
            if self._writer_lock is not None:
                self._writer_lock.release()
                self._writer_lock = None

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One action: everything inside becomes durable together, or nothing when the block raises.

        A block inside another one on the same thread is a part of it: it is committed with the outer block,
        and when it raises only its own writes are taken back. Other threads wait.
        """
        self._require_writable()
        with self._guard:
            if self.db.conn.in_transaction:
                with self.db.atomic():
                    yield
                return
            with plain_words(self.path):
                self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                with plain_words(self.path):
                    self.db.execute("COMMIT")
            except BaseException:
                self.db.rollback()
                raise

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._guard, plain_words(self.path):
            cursor = self.db.execute(sql, parameters)
            cursor.row_factory = sqlite3.Row
            return cursor.fetchall()

    def row(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """The first row of a query, None when it has none."""
        with self._guard, plain_words(self.path):
            cursor = self.db.execute(sql, parameters)
            cursor.row_factory = sqlite3.Row
            found: sqlite3.Row | None = cursor.fetchone()
            cursor.close()
            return found

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """The first column of the first row, None when there is no row."""
        row = self.row(sql, parameters)
        return None if row is None else row[0]

    def integers(self, sql: str, parameters: Parameters = ()) -> array[int]:
        """The first column of all rows, which are integers ("q"), however many: 8 bytes each."""
        with self._guard, plain_words(self.path):
            return array("q", (row[0] for row in self.db.execute(sql, parameters)))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything that is read inside is of one moment, whatever other processes write meanwhile."""
        with self._guard:
            if self.db.conn.in_transaction:
                yield
                return
            with plain_words(self.path):
                self.db.execute("BEGIN")
            try:
                yield
            finally:
                self.db.rollback()

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one writing statement, in the running transaction or its own; returns how many rows it touched."""
        self._require_writable()
        with self._guard, plain_words(self.path):
            return self.db.execute(sql, parameters).rowcount

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one writing statement for many rows, in the running transaction or one of their own."""
        with self.transaction(), plain_words(self.path):
            self.db.conn.executemany(sql, rows)

    def insert(self, table: str, values: dict[str, Any]) -> int:
        """Add one row; returns its id. The names of `table` and its columns come from our own code alone."""
        columns = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        self._require_writable()
        with self._guard, plain_words(self.path):
            cursor = self.db.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)
            return int(cursor.lastrowid or 0)

    def _require_writable(self) -> None:
        if not self.writable:
            raise BugError("A write to a library that was opened for reading.")


def _connect(path: Path) -> Database:
    """A connection to the file, which may be an older one; a newer one is refused."""
    upgrade.refuse_newer(path)
    db = _database(path)
    with _closed_on_failure(db):
        db.execute("SELECT count(*) FROM sqlite_master")  # a file that is no database says so here
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = FULL")
        # Pages of 4 kB. An import writes the same index pages again and again: with SQLite's 1000 each of them would
        # go to the file, and be waited for, four times as often.
        db.execute("PRAGMA wal_autocheckpoint = 4000")
        # Without it a Mac's disk may reorder a checkpoint's writes, and a power cut then damages the file.
        db.execute("PRAGMA checkpoint_fullfsync = ON")
        upgrade.refuse_newer_version(upgrade.version_of(db), path)
    return db


def _empty_database() -> Database:
    db = _database(Path(":memory:"))
    upgrade.upgrade(db, None)
    db.execute("PRAGMA query_only = ON")
    return db


def _database(path: Path) -> Database:
    """Transactions are begun and ended by us alone (isolation_level None)."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    return Database(connection, execute_plugins=False)


@contextmanager
def _closed_on_failure(db: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        db.close()
        raise
