"""Real databases for the tests that need one: a SQLite file and, for the session, one PostgreSQL server."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pgserver
import pytest
from sqlalchemy import create_engine, make_url, text

from atomic_verify.storage.database import Database, open_database


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own; it goes away with the session."""
    # Not in pytest's folder: the server runs as another user, which must be able to reach its data.
    with tempfile.TemporaryDirectory(prefix="atomic-postgres-") as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database."""
    name = f"test_{uuid.uuid4().hex}"
    admin = create_engine(make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


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
