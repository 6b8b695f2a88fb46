"""Reads of a gateway over real HTTP: per second, and how long they take."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from atomic_verify.chain import keystore
from atomic_verify.chain.anvil import development_signer, free_port
from atomic_verify.client import GatewayClient
from atomic_verify.models.build import build_model
from bench.figures import Figure
from bench.town import REQUESTER, town

SECONDS = 6.0
CLIENTS = 4


def measure(root: Path) -> Iterator[Figure]:
    """Reads per second, and the median and 99th percentile of a read, with a few clients at once."""
    models = root / "build" / "models"
    model = build_model(root / "models" / "mlp", models)
    with town(model) as found, TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "password").write_text("bench")
        keystore.create(folder / "key.json", "bench", key=_key(REQUESTER), rounds=2)
        found.deployment.save(folder / "deployments")
        port = free_port()
        settings = {
            "ATOMIC_RPC_URL": found.anvil.url,
            "ATOMIC_DEPLOYMENTS_DIR": str(folder / "deployments"),
            "ATOMIC_DATA_DIR": str(folder / "data"),
            "ATOMIC_MODELS_DIR": str(models),
            "ATOMIC_KEYSTORE": str(folder / "key.json"),
            "ATOMIC_PASSWORD_FILE": str(folder / "password"),
            "ATOMIC_GATEWAY__PORT": str(port),
            "ATOMIC_LOG_LEVEL": "ERROR",
        }
        atomic = Path(sys.executable).parent / "atomic"
        process = subprocess.Popen([atomic, "gateway", "run"], env=os.environ | settings, cwd=folder)
        try:
            yield from _reads(f"http://127.0.0.1:{port}", model.manifest.input_signature.nbytes)
        finally:
            process.terminate()
            process.wait(30)


def _key(index: int) -> bytes:
    return bytes(development_signer(index)._account.key)


def _reads(url: str, item_bytes: int) -> Iterator[Figure]:
    with GatewayClient(url) as client:
        _wait(url)
        digest = client.put_blob(bytes(item_bytes))
        body = {"model": "mlp", "input": {"digest": digest, "item_count": 1}, "max_price": str(10**18)}
        job = httpx.post(f"{url}/v1/jobs", json=body, timeout=30).json()["id"]
        while client.job(job).state != "posted":
            time.sleep(0.1)
    path = f"{url}/v1/jobs/{job}"
    with ThreadPoolExecutor(CLIENTS) as pool:
        times = [one for found in pool.map(_read, [path] * CLIENTS) for one in found]
    yield Figure("gateway", f"reads of a job, {CLIENTS} clients", len(times) / SECONDS, "1/s", better="more")
    yield Figure("gateway", "read, p50", statistics.median(times) * 1000, "ms")
    yield Figure("gateway", "read, p99", statistics.quantiles(times, n=100)[98] * 1000, "ms")


def _read(path: str) -> list[float]:
    times = []
    with httpx.Client() as client:
        ends = time.perf_counter() + SECONDS
        while (began := time.perf_counter()) < ends:
            client.get(path).raise_for_status()
            times.append(time.perf_counter() - began)
    return times


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{url}/health/ready").is_success:
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError("the gateway did not get ready")
        time.sleep(0.2)
