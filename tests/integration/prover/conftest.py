"""A town for each story; the small model is built once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from atomic_verify.models.build import build_model
from tests.integration.prover.proving_town import ProvingTown
from tests.integration.prover.town import Town, new_town
from tests.support.proven_models import install_proven

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the small model in it."""
    folder = tmp_path_factory.mktemp("models")
    build_model(ROOT / "models" / "mlp", folder)
    return folder


@pytest.fixture
def town(models_dir: Path, tmp_path: Path) -> Iterator[Town]:
    """A chain, a requester and an input host."""
    with new_town(models_dir, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def proven_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with two tiny models that can be proven: `head` and `whole`."""
    folder = tmp_path_factory.mktemp("models")
    for kind in ("head", "whole"):
        install_proven(folder / kind, kind)
    return folder


@pytest.fixture
def proving(proven_dir: Path, tmp_path: Path) -> Iterator[ProvingTown]:
    """A town whose workers prove."""
    with new_town(proven_dir, tmp_path) as made:
        yield ProvingTown(made)
