"""The database: SQLite in one file by default, PostgreSQL by URL; opened, brought up to date, and checked in one call.

Life cycle: all steps. Every write is one transaction that is on the disk when it returns. A SQLite writer takes the
write lock at once, so two processes wait for each other instead of failing halfway; readers see one snapshot each.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError

from atomic_verify.storage.errors import DatabaseTooNew, DatabaseUnavailable

BUSY_SECONDS = 30
"""How long one SQLite writer waits for another."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x61746F6D6963
"""PostgreSQL's advisory lock that only one migrating process holds."""


class Database:
    """An open database. Safe for threads; close it when done."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._reader = engine
        self._writer = engine.execution_options(atomic_write=True)
        if not self.is_sqlite:
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one snapshot of the database. Raises DatabaseUnavailable."""
        with _translated(self.engine.url), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, durable when the block ends and undone when it raises. Raises DatabaseUnavailable."""
        with _translated(self.engine.url), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(url: str) -> Database:
    """Opens the database at `url` ("sqlite:///path", "postgresql://user@host/name", or a file's path) and migrates it.

    Raises DatabaseUnavailable, DatabaseTooNew.
    """
    parsed = _parse(url)
    database = Database(_engine(parsed))
    try:
        with database.write() as connection:
            _migrate(connection)
    except BaseException:
        database.close()
        raise
    return database


def _parse(url: str) -> URL:
    if "://" not in url:
        return URL.create("sqlite", database=url)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The URL may hold a password: it is not repeated.
        raise DatabaseUnavailable(
            "The database's URL can't be read", hint="sqlite:///path or postgresql://.."
        ) from error
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL) -> Engine:
    name = url.get_backend_name()
    if name not in ("sqlite", "postgresql"):
        raise DatabaseUnavailable(f"{name} databases are not supported", hint="Use SQLite or PostgreSQL")
    if name == "sqlite" and url.database in (None, "", ":memory:"):
        raise DatabaseUnavailable("A SQLite database in memory would lose its records", hint="Name a file")
    try:
        if name == "sqlite":
            Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    except (ImportError, NoSuchModuleError) as error:
        raise DatabaseUnavailable(
            "The driver for PostgreSQL is not installed", hint="Install atomic-verify[postgres]"
        ) from error
    except OSError as error:
        raise DatabaseUnavailable(f"The database's folder can't be made: {error}") from error


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # Transactions begin where the engine says, not where Python's driver guesses.
    connection.isolation_level = None
    # FULL: a committed intent must outlive a power cut, or a transaction might be sent twice.
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("atomic_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(connection: Connection) -> None:
    """Brings the schema up to date inside the caller's transaction: all of it, or nothing."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseTooNew(
            f"The database is of a newer version ({current}) than this software",
            hint="Upgrade this software, or name another database",
            found=current,
            known=scripts.get_current_head(),
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _translated(url: URL) -> Iterator[None]:
    """Turns a database that fails into this package's error; what a statement did wrong passes through."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise _unavailable(url, error) from error
    except DBAPIError as error:
        # SQLite reports a file that is no database as a plain DatabaseError.
        if type(error.orig) is sqlite3.DatabaseError or error.connection_invalidated:
            raise _unavailable(url, error) from error
        raise


def _unavailable(url: URL, error: DBAPIError) -> DatabaseUnavailable:
    shown, cause = url.render_as_string(hide_password=True), str(error.orig).strip()
    with suppress(TypeError):
        cause = cause.replace(str(url.password), "***") if url.password else cause
    return DatabaseUnavailable(
        f"The database {shown} failed: {cause[:300]}",
        hint="Check that it runs, its URL, its permissions and the free space on its disk",
    )
