"""Opening databases: new, again, by two at once, too new, broken, unreachable."""

import multiprocessing
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text

from atomic_verify.storage.database import _MIGRATIONS, Database, _engine, _parse, open_database
from atomic_verify.storage.errors import DatabaseTooNew, DatabaseUnavailable
from atomic_verify.storage.tables import decisions, metadata, models, results

ROW = {"kind": "bid", "job": "0x", "outcome": "skip", "reason": "nul \0 \ud800", "details": {"n": 2**200}, "at": 1.5}


def test_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_records_survive_closing_and_opening(database_url: str) -> None:
    with open_database(database_url) as first, first.write() as connection:
        connection.execute(insert(decisions).values(**ROW))
    with open_database(database_url) as again, again.read() as connection:
        row = connection.execute(select(decisions)).mappings().one()
    assert {name: row[name] for name in ROW} == ROW


def test_a_database_of_before_there_were_disputes_is_brought_up_to_date(database_url: str) -> None:
    parsed = _parse(database_url)
    engine = _engine(parsed)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO models VALUES ('0xaa', 'me', true, '{}', '\"u\"', 7, 0)"))
        connection.execute(
            text(
                "INSERT INTO jobs (id, requester, model_id, state, attempt, rfp, input_uri, posted_block, posted_log, "
                "updated_block, updated_log) VALUES ('0xbb', 'me', '0xaa', 4, 1, '{}', '\"u\"', 7, 1, 8, 0)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO results (job, attempt, worker, root, payload, final_at, open_claims, void_items, slashed, "
                "committed_block, committed_log) VALUES ('0xbb', 1, 'w', '0xcc', 'dd', 9, 0, '[]', false, 8, 0)"
            )
        )
    engine.dispose()
    with open_database(database_url) as opened, opened.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        row = connection.execute(select(results)).mappings().one()
        assert (row["job"], row["costs"], row["window_ends"], row["void_items"]) == ("0xbb", 0, 0, [])
        model = connection.execute(select(models)).mappings().one()
        assert (model["uri"], model["invalidated_block"]) == ("u", None)


def test_a_failed_write_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            connection.execute(insert(decisions).values(**ROW))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as connection:
        assert connection.execute(select(decisions)).all() == []


def test_a_read_sees_one_snapshot(database: Database) -> None:
    with database.read() as reader:
        assert reader.execute(select(decisions)).all() == []
        with database.write() as writer:
            writer.execute(insert(decisions).values(**ROW))
        assert reader.execute(select(decisions)).all() == []
    with database.read() as reader:
        assert len(reader.execute(select(decisions)).all()) == 1


def test_writers_wait_for_each_other(database: Database) -> None:
    def count_up() -> None:
        for _ in range(20):
            with database.write() as connection:
                connection.execute(insert(decisions).values(**ROW))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert len(connection.execute(select(decisions.c.id)).all()) == 80


def _open(url: str) -> None:
    open_database(url).close()


def test_two_processes_may_open_a_new_database_at_once(database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_open, args=(database_url,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]


def test_a_newer_database_is_refused_untouched(database_url: str) -> None:
    with open_database(database_url) as opened, opened.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew) as caught:
        open_database(database_url)
    assert caught.value.details["found"] == "9999"


def test_sqlite_is_in_wal_mode_and_syncs_fully(sqlite_url: str) -> None:
    with open_database(sqlite_url) as opened, opened.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_a_plain_path_is_a_sqlite_file(tmp_path: Path) -> None:
    open_database(str(tmp_path / "new" / "folder" / "a.sqlite")).close()
    assert (tmp_path / "new" / "folder" / "a.sqlite").is_file()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"this is not")


def test_a_database_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailable):
        open_database(f"sqlite:///{tmp_path}/file/a.sqlite")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hunter2@localhost/x",
        "nosuch://me:hunter2@localhost/x",
        "postgresql://me:hunter2@127.0.0.1:1/x",
        "postgresql://me:hunter2@127.0.0.1:notaport/x",
        "sqlite://",
        "sqlite:///:memory:",
        "://",
    ],
)
def test_what_cannot_be_opened_is_one_clear_error_without_the_password(url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        open_database(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint


def test_a_postgres_server_that_goes_away(postgres_url: str) -> None:
    with open_database(postgres_url) as opened:
        with pytest.raises(DatabaseUnavailable), opened.read() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        with opened.read() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1


def test_a_sqlite_disk_that_is_full(sqlite_url: str) -> None:
    with open_database(sqlite_url) as opened:
        with opened.read() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar()
        big = {**ROW, "details": {"x": "y" * 1_000_000}}

        def fill() -> None:
            with opened.write() as connection:
                connection.execute(text(f"PRAGMA max_page_count = {pages}"))
                connection.execute(insert(decisions).values(**big))

        with pytest.raises(DatabaseUnavailable, match="full"):
            fill()
        with opened.read() as connection:
            assert connection.execute(select(decisions)).all() == []


def test_a_sqlite_writer_that_never_lets_go(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atomic_verify.storage.database.BUSY_SECONDS", 0.05)
    with open_database(sqlite_url) as opened:
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable, match="locked"), opened.write():
            pass
        other.close()
