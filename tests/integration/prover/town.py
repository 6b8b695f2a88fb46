"""A town for worker stories: a chain, a requester, an input host that can fail, and workers in this process.

Time stands nearly still and is moved by the story: windows are long, and `play` jumps to the end of each as soon as the
workers have done what they can in it. So a slow machine makes a story slow and never false.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from atomic_verify.chain import keystore
from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.presets import UNIT, development
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.commitments import Batch
from atomic_verify.config import Settings, load_settings
from atomic_verify.models import InstalledModel, ModelLibrary
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.ids import job_id
from atomic_verify.protocol.primitives import Address, Amount, JobId, to_hex
from atomic_verify.protocol.types import Guarantee, JobState, Kind, Rfp
from prover.daemon import Hooks, Running, opened
from tests.integration.chain.support import MemoryStore

PASSWORD = "correct horse battery staple"
STAKE = Amount(50 * UNIT)
BOND = Amount(5 * UNIT)
PRICE = Amount(UNIT)
WINDOW = 120
"""Chain seconds of every window: nothing here runs out by itself."""
PATIENCE = 180.0
TOLD_BY = {JobState.AWARDED: "Awarded", JobState.COMMITTED: "Committed", JobState.FINAL: "Settled"}
"""The event that comes with a state."""


class InputHost:
    """Serves inputs by digest, while it is up."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.is_up = True
        self.requests = 0
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.requests += 1
                content = host.blobs.get(self.path.rsplit("/", 1)[-1])
                if not host.is_up or content is None:
                    self.send_error(503 if not host.is_up else 404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, digest: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1/blobs/{digest}"

    def put(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        self.blobs[digest] = content
        return self.url(digest)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class LiveWorker:
    """A worker whose loop runs in a thread. `died` is what ended it, if that wasn't `stop`."""

    running: Running
    stack: ExitStack
    thread: threading.Thread | None = None
    died: BaseException | None = None

    @property
    def address(self) -> Address:
        return self.running.tools.worker

    def start(self) -> "LiveWorker":
        def loop() -> None:
            try:
                self.running.worker.run()
            except BaseException as error:  # a story's stand-in for kill -9
                self.died = error

        self.thread = threading.Thread(target=loop, daemon=True)
        self.thread.start()
        return self

    def stop(self) -> None:
        """Ends it; twice does no harm."""
        self.running.worker.stop()
        if self.thread is not None:
            self.thread.join(30)
            assert not self.thread.is_alive()
        self.stack.close()


@dataclass
class Town:
    """See the module. Account 0 deploys and publishes, 1 requests, 2 and above work."""

    anvil: Anvil
    deployment: Deployment
    models_dir: Path
    folder: Path
    host: InputHost
    workers: list[LiveWorker] = field(default_factory=list)
    senders: list[TransactionSender] = field(default_factory=list)
    nonce: int = 0

    def __post_init__(self) -> None:
        self.chain = Chain.connect(self.anvil.url, self.deployment)
        self.deployment.save(self.folder / "deployments")
        self.bank = self.sender(0)
        self.requester = self.sender(1)
        token = self.deployment.utility_token
        self.bank.send("fund", self.chain.calls.transfer_token(token, self.requester.address, Amount(1000 * UNIT)))
        self.requester.send("approve", self.chain.calls.approve(token, Amount(1000 * UNIT)))
        for model in ModelLibrary(self.models_dir):
            self.bank.send(f"publish:{model.name}", self.chain.calls.publish(model.manifest.spec(), "file:///model"))

    # People

    def sender(self, index: int) -> TransactionSender:
        made = TransactionSender(
            Chain.connect(self.anvil.url, self.deployment),
            development_signer(index),
            MemoryStore(),
            self.folder / f"sender{index}",
        )
        self.senders.append(made)
        return made

    def stake(self, index: int, amount: Amount = STAKE) -> None:
        """Gives a worker tokens and has it stake them."""
        token, signer = self.deployment.utility_token, development_signer(index)
        self.bank.send(f"fund:{index}", self.chain.calls.transfer_token(token, signer.address, amount))
        with TransactionSender(self.chain, signer, MemoryStore(), self.folder / f"stake{index}") as sender:
            sender.send("approve", self.chain.calls.approve(token, amount))
            sender.send("stake", self.chain.calls.stake(amount))

    def settings(self, index: int, **changes: Any) -> Settings:
        """A worker's settings; its keystore is made at the first call."""
        home = self.folder / f"worker{index}"
        if not home.exists():
            home.mkdir()
            (home / "password").write_text(PASSWORD)
            key = bytes(development_signer(index)._account.key)
            keystore.create(home / "key.json", PASSWORD, key=key, rounds=2)
        worker = {"port": 0, "poll_seconds": 0.05, "threads": 1, "sandbox": "never", **changes.pop("worker", {})}
        usual = {
            "rpc_url": self.anvil.url,
            "deployments_dir": self.folder / "deployments",
            "data_dir": home,
            "models_dir": self.models_dir,
            "keystore": home / "key.json",
            "password_file": home / "password",
            "allow_private_inputs": True,
            "worker": worker,
        }
        return load_settings(**{**usual, **changes})

    def open(self, index: int, hooks: Hooks | None = None, **changes: Any) -> LiveWorker:
        """An opened worker, its loop not running yet."""
        stack = ExitStack()
        live = LiveWorker(stack.enter_context(opened(self.settings(index, **changes), hooks)), stack)
        self.workers.append(live)
        return live

    def hire(self, index: int, stake: Amount = STAKE, hooks: Hooks | None = None, **changes: Any) -> LiveWorker:
        """A staked worker, running."""
        self.stake(index, stake)
        return self.open(index, hooks, **changes).start()

    # Jobs

    @property
    def mlp(self) -> InstalledModel:
        return ModelLibrary(self.models_dir).get("mlp")

    def payload(self, items: int = 3, seed: int = 0) -> bytes:
        """Images of the small model."""
        return np.random.default_rng(seed).random((items, 64), dtype=np.float32).tobytes()

    def rfp(self, payload: bytes, model: InstalledModel | None = None, **changes: Any) -> Rfp:
        """An auction RFP for the payload, on the small model or another."""
        model = model or self.mlp
        specs = model.manifest.input_specs
        items = len(payload) // model.manifest.input_signature.nbytes
        self.nonce += 1
        rfp = Rfp(
            requester=Address(self.requester.address),
            nonce=self.nonce,
            model_id=model.model_id,
            input_root=Batch.from_payload(specs, items, payload).root,
            item_count=items,
            token=self.deployment.utility_token,
            max_price=PRICE,
            job_bond=BOND,
            bidding_time=WINDOW,
            reveal_time=WINDOW,
            execution_timeout=WINDOW,
            challenge_window=WINDOW,
            guarantee=Guarantee.OPTIMISTIC,
            kind=Kind.AUCTION,
        )
        return replace(rfp, **changes)

    def quote_rfp(self, payload: bytes, model: InstalledModel | None = None, **changes: Any) -> Rfp:
        return self.rfp(payload, model, kind=Kind.QUOTE, bidding_time=0, reveal_time=0, **changes)

    def id_of(self, rfp: Rfp) -> JobId:
        return job_id(self.deployment.chain_id, self.deployment.market, rfp)

    def post(self, rfp: Rfp, uri: str) -> JobId:
        job = self.id_of(rfp)
        self.requester.send(f"post:{to_hex(job)}", self.chain.calls.post(rfp, uri))
        return job

    def state(self, job: JobId) -> JobState:
        return self.chain.job_of(job).state

    # Time

    def now(self) -> int:
        return int(self.anvil.request("eth_getBlockByNumber", "pending", False)["timestamp"], 16)

    def jump(self, seconds: int) -> None:
        self.anvil.mine_blocks(1, seconds=seconds)

    def jump_to(self, timestamp: int) -> None:
        self.jump(max(1, timestamp - self.now()))

    def until(self, seen: Callable[[], Any], what: str = "", seconds: float = PATIENCE) -> Any:
        """What `seen` returns, once that is true."""
        deadline = time.monotonic() + seconds
        while True:
            found = seen()
            if found:
                return found
            died = [worker.died for worker in self.workers if worker.died is not None]
            assert time.monotonic() < deadline, f"never saw {what or seen}; died: {died}"
            time.sleep(0.02)

    def play(self, job: JobId, rfp: Rfp, *, bids: int = 1, to: JobState = JobState.FINAL) -> None:
        """Moves time whenever the workers have done what they can, until the job is in state `to`."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.chain.job_of(job)).state is not to:
            assert time.monotonic() < deadline, f"stuck in {found}"
            if found.state is JobState.POSTED and found.sealed_count >= bids:
                bidding_end = found.time + rfp.bidding_time
                if self.now() < bidding_end:
                    self.jump_to(bidding_end)
            if found.state is JobState.COMMITTED:
                final_at = found.time + rfp.challenge_window + self.chain.claim_reveal_time()
                if self.now() < final_at:
                    self.jump_to(final_at)
            time.sleep(0.02)
        # Anvil has a transaction's state before it has the block with its events.
        self.until(lambda: to not in TOLD_BY or self.events(job, TOLD_BY[to]), "the event")

    # What happened

    def events(self, job: JobId | None = None, name: str | None = None) -> list[ChainEvent]:
        found = self.chain.events(self.deployment.block, self.chain.head().number)
        if job is not None:
            found = [event for event in found if event.args.get("job") == to_hex(job)]
        return [event for event in found if name is None or event.name == name]

    def transactions_of(self, address: str) -> list[str]:
        """The transactions that an account has on the chain, as the functions' selectors, in order."""
        head = int(self.anvil.request("eth_blockNumber"), 16)
        blocks = [self.anvil.request("eth_getBlockByNumber", hex(number), True) for number in range(head + 1)]
        mine = [tx for block in blocks for tx in block["transactions"] if tx["from"] == address.lower()]
        return [tx["input"][:10] for tx in mine]

    def close(self) -> None:
        for worker in self.workers:
            worker.stop()
        for sender in self.senders:
            sender.close()
        self.host.close()


@contextmanager
def town(anvil: Anvil, deployment: Deployment, models_dir: Path, folder: Path) -> Iterator[Town]:
    """A town, closed at the end."""
    made = Town(anvil, deployment, models_dir, folder, InputHost())
    try:
        yield made
    finally:
        made.close()


@contextmanager
def new_town(models_dir: Path, folder: Path) -> Iterator[Town]:
    """A town on a chain of its own."""
    with (
        Anvil() as anvil,
        town(anvil, deploy(anvil.rpc, development_signer(0), development()), models_dir, folder) as made,
    ):
        yield made
