"""A watcher as a process of its own: killed with SIGKILL between the steps of a claim, and ended with SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from atomic_verify.chain.anvil import Anvil, development_signer, free_port
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.presets import development
from atomic_verify.config import Settings
from atomic_verify.protocol.types import JobState
from tests.integration.prover.town import PATIENCE
from tests.integration.prover.town import town as open_town
from tests.integration.prover.watch_town import SLASH, WATCHER, WatchTown, watch_town
from tests.support.tiny_models import install, one_operator

ROOT = Path(__file__).resolve().parents[2]


class WatcherProcess:
    """`atomic watcher run --defend` with the settings of a town's watcher."""

    def __init__(self, town: WatchTown) -> None:
        town.fund(WATCHER)
        self.log = (town.town.folder / "watcher.log").open("ab")
        self.port = free_port()
        self._settings: Settings = town.settings(watcher={"defend": True})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and returns once it follows the chain."""
        settings = self._settings
        environment = {
            **os.environ,
            "ATOMIC_RPC_URL": settings.rpc_url,
            "ATOMIC_DEPLOYMENTS_DIR": str(settings.deployments_dir),
            "ATOMIC_DATA_DIR": str(settings.data_dir),
            "ATOMIC_MODELS_DIR": str(settings.models_dir),
            "ATOMIC_KEYSTORE": str(settings.keystore),
            "ATOMIC_PASSWORD_FILE": str(settings.password_file),
            "ATOMIC_ALLOW_PRIVATE_INPUTS": "true",
            "ATOMIC_LOG_FORMAT": "json",
            "ATOMIC_WATCHER__POLL_SECONDS": "0.1",
            "ATOMIC_WATCHER__THREADS": "1",
        }
        command = [sys.executable, "-m", "atomic_verify.cli", "watcher", "run", "--defend", "--port", str(self.port)]
        self._process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            assert self._process.poll() is None, Path(self.log.name).read_text()[-3000:]
            assert time.monotonic() < deadline, Path(self.log.name).read_text()[-3000:]
            time.sleep(0.05)

    def end(self, how: int) -> int:
        """Sends a signal and returns the exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(60)

    def again(self) -> None:
        """kill -9, and another life."""
        self.end(signal.SIGKILL)
        self.start()

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.log.close()

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def town(tmp_path: Path) -> Iterator[WatchTown]:
    (tmp_path / "models").mkdir()
    install(tmp_path / "models" / "tiny", one_operator("Sigmoid"))
    with Anvil() as anvil:
        preset = development(claim_reveal_time=600, refute_window=600, line_clock=600)
        deployment = deploy(anvil.rpc, development_signer(0), preset)
        with open_town(anvil, deployment, tmp_path / "models", tmp_path) as made, watch_town(made) as watched:
            yield watched


def test_killed_after_seal_and_reveal_and_before_its_reward(town: WatchTown) -> None:
    watcher, mine = WatcherProcess(town), development_signer(WATCHER).address.lower()
    try:
        watcher.start()
        made = town.commit(lambda outputs: outputs[1].__setitem__(2, outputs[1, 2] + 3 * SLASH))
        town.town.until(lambda: town.town.events(name="ClaimSealed"), "the seal")
        watcher.again()
        town.town.until(lambda: "ClaimRevealed" in town.names(made.job), "the claim")
        watcher.again()
        town.town.jump(610)
        town.town.until(lambda: "ClaimUpheld" in town.names(made.job), "it to be upheld")
        watcher.again()
        town.town.jump(610)
        town.town.until(lambda: town.chain.job_of(made.job).state is JobState.SLASHED, "the slash")
        reward = next(one for one in town.town.events(made.job) if one.name == "Settled").args["bondToChallenger"]
        town.town.until(
            lambda: [one for one in town.town.events(name="Withdrawn") if one.sender.lower() == mine], "pay"
        )
        code = watcher.end(signal.SIGTERM)
    finally:
        watcher.close()

    assert code == 0
    assert reward > 0
    for name in ("ClaimSealed", "ClaimRevealed", "ClaimUpheld", "Finalized"):
        assert [one.sender.lower() for one in town.town.events(name=name)] == [mine], name
    log = Path(watcher.log.name).read_text()
    assert "Traceback" not in log
    assert "correct horse" not in log
