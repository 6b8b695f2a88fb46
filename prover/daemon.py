"""A worker as a process: opened from settings, announced, run until it is told to stop, closed in order.

Life cycle: all steps. `run(settings)` is what `atomic worker run` calls.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from atomic_verify.chain.client import Chain
from atomic_verify.chain.errors import ChainError
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.transactions import SendPolicy
from atomic_verify.config import Settings
from atomic_verify.observability import configure_logging, get_logger
from atomic_verify.protocol.events import BlockRef
from atomic_verify.protocol.intents import IntentStore
from atomic_verify.protocol.primitives import Amount
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.database import Database, open_database
from atomic_verify.storage.decisions import DecisionLog
from atomic_verify.storage.fetch import FetchPolicy
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.intents import SqlIntentStore
from atomic_verify.storage.queries import Queries
from prover.background import Background
from prover.book import JobBook
from prover.metrics import Metrics
from prover.quotes import QuoteDesk
from prover.retention import Keeper
from prover.seals import Sealer
from prover.server import Door, DoorServer, make_app
from prover.startup import (
    open_chain,
    open_signer,
    open_workshop,
    policy_of,
    read_constants,
    require_stake,
    warn_without_coin,
)
from prover.tools import Checkpoint, Tools
from prover.views import Constants
from prover.worker import Rhythm, Worker
from prover.workshop import Workshop

FETCHES_AT_ONCE = 2
PARTIALS_AFTER = 3_600.0
"""Seconds after which a half-written blob was left behind by a process that died."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a test may put in: a call after each step that is on the disk, and a wrapper of the intent store."""

    checkpoint: Checkpoint = lambda step: None
    intents: Callable[[IntentStore], IntentStore] = lambda store: store


@dataclass(frozen=True, slots=True)
class Running:
    """An opened worker, its HTTP door open, before or while its loop runs."""

    worker: Worker
    tools: Tools
    url: str


def run(settings: Settings, *, hooks: Hooks | None = None) -> None:
    """Runs a worker until SIGTERM or SIGINT. Raises the coded error of whatever start-up check fails."""
    configure_logging(json=settings.log_format == "json", level=settings.log_level)
    with opened(settings, hooks or Hooks()) as running:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: running.worker.stop())
        running.worker.run()


@contextmanager
def opened(settings: Settings, hooks: Hooks | None = None) -> Iterator[Running]:
    """A worker with its door open; everything is closed at the end, in the opposite order.

    Raises what `startup` raises, SenderBusy, DoorUnavailable, DatabaseUnavailable, BlobStoreUnavailable.
    """
    hooks = hooks or Hooks()
    with ExitStack() as stack:
        signer = open_signer(settings)
        chain = open_chain(settings)
        stack.callback(chain.rpc.close)
        constants = read_constants(chain)
        require_stake(chain, signer.address, constants)
        warn_without_coin(chain, signer.address)
        workshop = open_workshop(settings)
        stack.callback(workshop.close)
        database = stack.enter_context(open_database(settings.database))
        intents = hooks.intents(SqlIntentStore(database))
        policy = SendPolicy(confirmations=settings.confirmations)
        sender = stack.enter_context(TransactionSender(chain, signer, intents, settings.data_dir, policy=policy))
        wake = threading.Event()
        tools = _tools(settings, chain, signer, constants, workshop, database, sender, hooks, wake)
        desk = _desk(settings, signer, tools)
        door = Door(tools.blobs, desk, tools.metrics, lambda: tools.is_ready(time.monotonic()))
        server = DoorServer(make_app(door), settings.worker.host, settings.worker.port)
        server.start()
        stack.callback(server.stop)
        url = settings.worker.public_url or f"http://{_host(settings)}:{server.port}"
        sender.recover()
        keeper = Keeper(tools.blobs)
        keeper.recall(tools.decisions)
        tools.blobs.sweep_partials(time.time() - PARTIALS_AFTER)
        worker = Worker(
            tools,
            _indexer(chain, database),
            sender,
            JobBook(Queries(database), signer.address),
            desk,
            keeper,
            url=url,
            chain_time=chain_clock(chain),
            wake=wake,
            rhythm=Rhythm(settings.worker.poll_seconds, Amount(settings.worker.withdraw_above)),
        )
        tools.log.info("worker_started", worker=signer.address, chain=chain.chain_id, url=url, models=len(workshop))
        yield Running(worker, tools, url)


def chain_clock(chain: Chain) -> Callable[[BlockRef], int]:
    """The time that the next block will have at least: that of the pending block, where the node tells one."""

    def time_of(head: BlockRef) -> int:
        pending = None
        with suppress(ChainError, KeyError, TypeError, ValueError):
            pending = int(chain.rpc.call("eth_getBlockByNumber", ["pending", False])["timestamp"], 16)
        return max(head.timestamp, pending or 0)

    return time_of


def _tools(
    settings: Settings,
    chain: Chain,
    signer: Signer,
    constants: Constants,
    workshop: Workshop,
    database: Database,
    sender: TransactionSender,
    hooks: Hooks,
    wake: threading.Event,
) -> Tools:
    policy = policy_of(settings, chain)
    return Tools(
        worker=signer.address,
        constants=constants,
        calls=chain.calls,
        sender=sender,
        sealer=Sealer.of(signer, chain.chain_id, chain.deployment.market),
        policy=policy,
        workshop=workshop,
        blobs=BlobStore(settings.blobs),
        fetch_policy=FetchPolicy(policy.max_input_bytes, allow_private=settings.allow_private_inputs),
        decisions=DecisionLog(database),
        inputs=Background("fetch", FETCHES_AT_ONCE, on_end=wake.set),
        outputs=Background("execute", 1, on_end=wake.set),
        metrics=Metrics(),
        log=get_logger("worker").bind(worker=signer.address),
        clock=time.time,
        checkpoint=hooks.checkpoint,
    )


def _desk(settings: Settings, signer: Signer, tools: Tools) -> QuoteDesk:
    return QuoteDesk(
        signer,
        tools.constants,
        tools.policy,
        tools.workshop,
        tools.blobs,
        tools.fetch_policy,
        tools.decisions,
        seconds=settings.worker.pricing.quote_seconds,
        moment=lambda: tools.moment,
        clock=time.time,
    )


def _indexer(chain: Chain, database: Database) -> Indexer:
    at = chain.deployment
    return Indexer(chain, database, chain_id=chain.chain_id, market=at.market, first_block=at.block)


def _host(settings: Settings) -> str:
    """The host in the door's own URL; one that listens everywhere is reached on the loopback at least."""
    host = settings.worker.host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - read, not bound to
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def in_thread(running: Running) -> threading.Thread:
    """Starts the worker's loop in a thread of its own; for tests and for programs that run more than a worker."""
    thread = threading.Thread(target=running.worker.run, name=f"worker-{running.tools.worker}", daemon=True)
    thread.start()
    return thread
