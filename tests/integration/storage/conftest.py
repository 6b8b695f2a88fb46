"""What the tests of the store share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from atomic_verify.storage.database import Database, open_database


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Database]:
    """An empty database to compare with."""
    with open_database(f"sqlite:///{tmp_path}/fresh.sqlite") as opened:
        yield opened
