"""Every code of this package is stable, its own, and explained."""

from pathlib import Path

import pytest

from atomic_verify.protocol import errors
from atomic_verify.protocol.errors import ProtocolError

PAGES = Path(__file__).resolve().parents[3] / "docs" / "errors"
CLASSES = [found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, ProtocolError)]


@pytest.mark.parametrize("error", CLASSES)
def test_a_code_has_its_page(error: type[ProtocolError]) -> None:
    assert (PAGES / f"{error.code}.md").read_text().startswith(f"# {error.code}\n")


def test_no_code_is_shared() -> None:
    codes = [error.code for error in CLASSES]
    assert len(set(codes)) == len(codes) == 12
