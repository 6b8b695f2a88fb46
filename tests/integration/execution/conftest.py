"""The real models, built once into the folder that everything else uses too."""

from pathlib import Path

import pytest

from atomic_verify.execution.runtime import Runtime, load_runtime
from atomic_verify.models import InstalledModel
from atomic_verify.models.build import build_model

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def magika() -> InstalledModel:
    return build_model(ROOT / "models" / "magika", ROOT / "build" / "models")


@pytest.fixture(scope="session")
def mlp() -> InstalledModel:
    return build_model(ROOT / "models" / "mlp", ROOT / "build" / "models")


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    return load_runtime()
