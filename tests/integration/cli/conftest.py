"""A development chain, two accounts with keystores on it, and the command line run in this process."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from atomic_verify.chain import keystore
from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.presets import development
from atomic_verify.cli import app
from atomic_verify.models.build import build_model

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct horse battery staple"


@dataclass
class Shell:
    """Runs `atomic` with the settings of one account, given by environment."""

    environment: dict[str, str]
    folder: Path
    url: str
    deployment: Deployment
    address: str

    def __call__(self, *arguments: str, code: int = 0, **environment: str) -> Any:
        """What a command printed; it must end with `code`."""
        shown = CliRunner().invoke(app, list(arguments), env=self.environment | environment)
        assert shown.exit_code == code, f"{shown.output}\n{shown.exception!r}"
        return shown

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)

    @property
    def chain(self) -> Chain:
        return Chain.connect(self.url, self.deployment)


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    """A chain on which time passes by itself."""
    with Anvil(AnvilOptions(block_time=1, mixed=True)) as running:
        yield running


@pytest.fixture(scope="module")
def deployment(anvil: Anvil) -> Deployment:
    """The contracts; the deployer (account 0) holds all utility tokens."""
    return deploy(anvil.rpc, development_signer(0), development())


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the small model in it."""
    folder = tmp_path_factory.mktemp("models")
    build_model(ROOT / "models" / "mlp", folder)
    return folder


@pytest.fixture
def make_shell(anvil: Anvil, deployment: Deployment, models_dir: Path, tmp_path: Path) -> Callable[[int], Shell]:
    """Makes the shell of a development account."""
    deployment.save(tmp_path / "deployments")

    def make(index: int) -> Shell:
        folder = tmp_path / f"account{index}"
        folder.mkdir()
        (folder / "password").write_text(PASSWORD + "\n")
        signer = development_signer(index)
        keystore.create(folder / "key.json", PASSWORD, key=bytes(signer._account.key), rounds=2)
        environment = {
            "ATOMIC_RPC_URL": anvil.url,
            "ATOMIC_DEPLOYMENTS_DIR": str(tmp_path / "deployments"),
            "ATOMIC_DATA_DIR": str(folder / "data"),
            "ATOMIC_MODELS_DIR": str(models_dir),
            "ATOMIC_KEYSTORE": str(folder / "key.json"),
            "ATOMIC_PASSWORD_FILE": str(folder / "password"),
        }
        return Shell(environment, folder, anvil.url, deployment, signer.address)

    return make


@pytest.fixture
def bank(make_shell: Callable[[int], Shell]) -> Shell:
    """The shell of the deployer, who owns all tokens."""
    return make_shell(0)
