"""A gateway on a real chain, its door opened over real HTTP, and a worker that acts by hand."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from atomic_verify.chain import keystore
from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer, free_port
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.presets import UNIT, development
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.config import Settings, load_settings
from atomic_verify.gateway.app import create_app
from atomic_verify.gateway.core import Gateway, open_gateway
from atomic_verify.gateway.driver import Driver
from atomic_verify.models.build import build_model
from atomic_verify.models.library import InstalledModel, ModelLibrary
from tests.integration.chain.support import MemoryStore
from tests.integration.gateway.hand_worker import HandWorker

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the small model in it."""
    folder = tmp_path_factory.mktemp("models")
    build_model(ROOT / "models" / "mlp", folder)
    return folder


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    """A chain on which time passes by itself."""
    with Anvil(AnvilOptions(block_time=1, mixed=True)) as running:
        yield running


@pytest.fixture
def deployment(anvil: Anvil, tmp_path: Path) -> Deployment:
    """The contracts; the deployer (account 0) holds all utility tokens."""
    made = deploy(anvil.rpc, development_signer(0), development())
    made.save(tmp_path / "deployments")
    return made


@pytest.fixture
def hand(
    anvil: Anvil, deployment: Deployment, models_dir: Path, tmp_path: Path
) -> Iterator[Callable[[int], HandWorker]]:
    """Makes workers from development accounts, with a stake each."""
    made: list[HandWorker] = []

    def make(index: int) -> HandWorker:
        chain = Chain.connect(anvil.url, deployment)
        made.append(HandWorker.start(chain, development_signer(index), models_dir, tmp_path / f"worker{index}"))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


@pytest.fixture
def settings(anvil: Anvil, deployment: Deployment, models_dir: Path, tmp_path: Path) -> Settings:
    """A requester (account 1) with money and the small model, which account 0 has published."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    requester = development_signer(1)
    keystore.create(tmp_path / "key.json", PASSWORD, key=bytes(requester._account.key), rounds=2)
    with TransactionSender(
        Chain.connect(anvil.url, deployment), development_signer(0), MemoryStore(), tmp_path / "deployer"
    ) as deployer:
        calls = Chain.connect(anvil.url, deployment).calls
        deployer.send("fund", calls.transfer_token(deployment.utility_token, requester.address, 100 * UNIT))
        for model in ModelLibrary(models_dir):
            deployer.send(f"publish:{model.name}", calls.publish(model.manifest.spec(), "file:///model"))
    return load_settings(
        rpc_url=anvil.url,
        deployments_dir=tmp_path / "deployments",
        data_dir=tmp_path / "gateway",
        models_dir=models_dir,
        keystore=tmp_path / "key.json",
        password_file=password,
        allow_private_inputs=True,
        gateway={"port": free_port()},
    )


@dataclass
class Door:
    """A running gateway and a client of it."""

    gateway: Gateway
    driver: Driver
    client: httpx.Client

    def until(self, job: str, *states: str, seconds: float = 30) -> dict[str, Any]:
        """The job once it is in one of these states."""
        deadline = time.monotonic() + seconds
        while True:
            found: dict[str, Any] = self.client.get(f"/v1/jobs/{job}").json()
            if found.get("state") in states:
                return found
            assert time.monotonic() < deadline, f"still {found}"
            time.sleep(0.1)

    def get(self, path: str, status: int = 200, seconds: float = 10) -> Any:
        """The JSON of a route once it answers with this status."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.client.get(path)
            if answer.status_code == status:
                return answer.json()
            assert time.monotonic() < deadline, f"{answer.status_code}: {answer.text[:500]}"
            time.sleep(0.1)


OpenDoor = Callable[..., Any]


@pytest.fixture
def open_door() -> Iterator[Callable[[Settings], Door]]:
    """Opens gateways over real HTTP; closing them is the fixture's."""
    closers: list[Callable[[], None]] = []

    def make(settings: Settings, write_key: str | None = None) -> Door:
        context = open_gateway(settings, lambda: PASSWORD)
        gateway = context.__enter__()
        gateway.sender.recover()
        gateway.indexer.sync()
        driver = Driver(gateway)
        config = uvicorn.Config(create_app(gateway, driver), port=settings.gateway.port, log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        driver.start()
        while not server.started:
            time.sleep(0.01)
        client = httpx.Client(base_url=gateway.public_url, timeout=30)

        def close() -> None:
            client.close()
            server.should_exit = True
            thread.join()
            driver.stop()
            context.__exit__(None, None, None)

        closers.append(close)
        return Door(gateway, driver, client)

    make.close_all = lambda: [closers.pop()() for _ in list(closers)]  # type: ignore[attr-defined]
    yield make
    while closers:
        closers.pop()()


@pytest.fixture
def door(open_door: Callable[[Settings], Door], settings: Settings) -> Door:
    """One gateway."""
    return open_door(settings)


@pytest.fixture
def mlp(models_dir: Path) -> InstalledModel:
    """The small model."""
    return ModelLibrary(models_dir).get("mlp")
