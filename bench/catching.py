"""How long a wrong result goes unnoticed: seconds from its commit to the seal of a claim on it.

A real watcher process, which fetches inputs and outputs over HTTP, executes the model, evaluates its meaning, keeps the
trace, and seals. The clock runs from the moment at which the commit is mined.
"""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from atomic_verify.chain.presets import UNIT, development
from atomic_verify.cli.demo.people import Person, Role, make_person, write_settings
from atomic_verify.cli.demo.processes import Fleet
from atomic_verify.cli.demo.story import start, wait_ready
from atomic_verify.models.build import build_model
from atomic_verify.protocol.types import Amount, Outcome
from bench.court import WORKER, Court
from bench.figures import Figure
from bench.town import Town, town

MODELS = ("cnn", "magika")
TIMES = 3
PATIENCE = 120.0
LOOK_SECONDS = 0.01
SCRYPT_ROUNDS = 1 << 12


def measure(root: Path) -> Iterator[Figure]:
    """The time until a claim, by model."""
    for name in MODELS:
        model = build_model(root / "models" / name, root / "build" / "models")
        with (
            town(model, development(claim_reveal_time=600, refute_window=600, line_clock=600)) as found,
            TemporaryDirectory() as folder,
            _host() as put,
            _watcher(found, Path(folder), model.directory),
        ):
            found.send(WORKER, found.chain.calls.announce(put(b"").rsplit("/v1/", 1)[0]))
            court = replace(Court.open(found, model, folder), put=put)
            seconds = [_seconds_to_claim(court) for _ in range(TIMES)]
        what = f"{name}: from a bad commit to the claim, {court.inputs.item_count} items"
        yield Figure("disputes", what, statistics.median(seconds), "s")


def _seconds_to_claim(court: Court) -> float:
    """Commits a wrong result and waits for the seal."""
    before = _seals(court)
    court.commit(Outcome.SLASH)
    began = time.perf_counter()
    while _seals(court) == before:
        if time.perf_counter() - began > PATIENCE:
            raise TimeoutError("nobody claimed")
        time.sleep(LOOK_SECONDS)
    return time.perf_counter() - began


def _seals(court: Court) -> int:
    chain = court.town.chain
    events = chain.events(chain.deployment.block, chain.head().number)
    return sum(event.name == "ClaimSealed" for event in events)


@contextmanager
def _watcher(found: Town, folder: Path, model: Path) -> Iterator[Person]:
    """A watcher process with coin and tokens, ready."""
    found.deployment.save(folder / "deployments")
    (folder / "models").mkdir()
    (folder / "models" / model.name).symlink_to(model.resolve())
    person = make_person("watcher", folder, Role.WATCHER, rounds=SCRYPT_ROUNDS)
    found.anvil.fund(person.address)
    token = found.deployment.utility_token
    found.send(0, found.chain.calls.transfer_token(token, person.address, Amount(1_000 * UNIT)))
    write_settings(person, found.anvil, folder)
    fleet = Fleet(folder / "logs")
    try:
        start(fleet, person, "--defend")
        wait_ready(fleet, person)
        yield person
    finally:
        fleet.stop()


@contextmanager
def _host() -> Iterator[Any]:
    """Serves what it is given by its digest."""
    blobs: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = blobs.get(self.path.rsplit("/", 1)[-1])
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def put(content: bytes) -> str:
        digest = sha256(content).hexdigest()
        blobs[digest] = content
        return f"http://127.0.0.1:{server.server_port}/v1/blobs/{digest}"

    try:
        yield put
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
