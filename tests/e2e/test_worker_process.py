"""A worker as a process of its own: killed with SIGKILL in the middle of its work, and ended with SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from atomic_verify.chain.anvil import development_signer, free_port
from atomic_verify.models.build import build_model
from atomic_verify.protocol.types import JobState
from tests.integration.prover.town import PATIENCE, Town, new_town

ROOT = Path(__file__).resolve().parents[2]


class WorkerProcess:
    """`atomic worker run` with the settings of a town's worker."""

    def __init__(self, town: Town, index: int) -> None:
        town.stake(index)
        self.log = (town.folder / f"worker{index}.log").open("ab")
        self.port = free_port()
        self._settings = town.settings(index)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

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
            "ATOMIC_WORKER__PORT": str(self.port),
            "ATOMIC_WORKER__POLL_SECONDS": "0.1",
        }
        command = [sys.executable, "-m", "atomic_verify.cli", "worker", "run"]
        self._process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            assert self._process.poll() is None, Path(self.log.name).read_text()[-3000:]
            assert time.monotonic() < deadline, Path(self.log.name).read_text()[-3000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9; what it started goes with it."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        assert children, "models run in a child process"
        self.end(signal.SIGKILL)
        assert psutil.wait_procs(children, timeout=20)[1] == []

    def end(self, how: int) -> int:
        """Sends a signal and returns the exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(60)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.log.close()

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    build_model(ROOT / "models" / "mlp", tmp_path / "models")
    with new_town(tmp_path / "models", tmp_path) as made:
        yield made


def test_killed_before_reveal_before_commit_and_in_its_window(town: Town) -> None:
    worker = WorkerProcess(town, 2)
    try:
        worker.start()
        payload = town.payload(items=20)
        rfp = town.rfp(payload)
        job = town.post(rfp, town.host.put(payload))
        town.until(lambda: town.chain.job_of(job).sealed_count == 1, "the bid")
        worker.kill()
        worker.start()
        town.play(job, rfp, to=JobState.AWARDED)
        worker.kill()
        worker.start()
        town.until(lambda: town.state(job) is JobState.COMMITTED, "the commit")
        worker.kill()
        worker.start()
        digest = town.events(job, "Committed")[0].args["payloadDigest"][2:]
        assert httpx.get(f"{worker.url}/v1/blobs/{digest}").status_code == 200
        town.play(job, rfp)
        paid = town.events(job, "Settled")[0].args["toWorker"]
        mine = development_signer(2).address
        town.until(lambda: town.chain.balance_of(mine) == paid, "the withdrawal")
        code = worker.end(signal.SIGTERM)
    finally:
        worker.close()

    assert code == 0
    names = Counter(event.name for event in town.events(job) if event.sender.lower() == mine.lower())
    for name in ("BidSealed", "BidRevealed", "Awarded", "Committed", "Finalized"):
        assert names[name] == 1, name
    assert len(town.transactions_of(mine)) == 2 + 7, "approve and stake, announce and withdraw, and one for each step"
    log = Path(worker.log.name).read_text()
    assert "Traceback" not in log
    assert "correct horse" not in log
