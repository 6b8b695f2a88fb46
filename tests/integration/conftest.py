"""Real databases for the tests that need one: a SQLite file and, for the session, one PostgreSQL server."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pgserver.postgres_server import get_server
from sqlalchemy import URL, create_engine, make_url, text

from atomic_verify.storage.database import Database, open_database


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own; it goes away with the session."""
    # Not in pytest's folder: the server runs as another user, which must be able to reach its data.
    with tempfile.TemporaryDirectory(prefix="atomic-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            admin = create_engine(_driver(server.get_uri()), isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                # No test pulls the plug of the server itself, and waiting for its disk is most of the time.
                for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                    connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
                connection.execute(text("SELECT pg_reload_conf()"))
            admin.dispose()
            yield server.get_uri()
        finally:
            server.cleanup()


def _driver(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The URL of a new, empty PostgreSQL database; it goes away with the server."""
    name = f"test_{uuid.uuid4().hex}"
    admin = create_engine(_driver(postgres_server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return make_url(postgres_server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a new SQLite file."""
    return f"sqlite:///{tmp_path}/atomic.sqlite"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a new database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new, migrated database, once of each kind."""
    with open_database(database_url) as opened:
        yield opened
