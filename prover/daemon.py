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
from atomic_verify.chain.constants import Constants, read_constants
from atomic_verify.chain.errors import ChainError
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.transactions import SendPolicy
from atomic_verify.config import Settings
from atomic_verify.observability import configure_logging, get_logger
from atomic_verify.protocol.events import BlockRef
from atomic_verify.protocol.intents import IntentStore
from atomic_verify.protocol.primitives import Amount, JobId
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.database import Database, open_database
from atomic_verify.storage.decisions import DecisionLog
from atomic_verify.storage.fetch import FetchPolicy
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.intents import SqlIntentStore
from atomic_verify.storage.queries import Queries
from prover.background import Background
from prover.belongings import Belongings
from prover.book import JobBook
from prover.decisions import OwnDecisions
from prover.equipment import OpenCircuit, open_provers
from prover.inputs import HeldInput
from prover.metrics import Metrics
from prover.outputs import Output
from prover.quotes import QuoteDesk
from prover.retention import Keeper
from prover.seals import Sealer
from prover.server import Door, DoorServer, make_app, reachable_host
from prover.startup import (
    open_chain,
    open_signer,
    open_workshop,
    policy_of,
    require_stake,
    warn_without_coin,
)
from prover.tools import Checkpoint, Tools
from prover.verifiers import Verifiers
from prover.watching.defence import open_defence
from prover.watching.meanings import Meanings
from prover.worker import Rhythm, Worker
from prover.workshop import Workshop

FETCHES_AT_ONCE = 2
PARTIALS_AFTER = 3_600.0
"""Seconds after which a half-written blob was left behind by a process that died."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a test may put in: a call after each step that is on the disk, a wrapper of the intent store, circuits."""

    checkpoint: Checkpoint = lambda step: None
    intents: Callable[[IntentStore], IntentStore] = lambda store: store
    open_circuit: OpenCircuit | None = None


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


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a worker is assembled from, all of it checked."""

    settings: Settings
    signer: Signer
    chain: Chain
    constants: Constants
    database: Database
    sender: TransactionSender
    workshop: Workshop
    hooks: Hooks
    wake: threading.Event


@contextmanager
def opened(settings: Settings, hooks: Hooks | None = None) -> Iterator[Running]:
    """A worker with its door open; everything is closed at the end, in the opposite order.

    Raises what `startup` raises, SenderBusy, DoorUnavailable, DatabaseUnavailable, BlobStoreUnavailable.
    """
    with ExitStack() as stack:
        parts = _gather(settings, hooks or Hooks(), stack)
        tools = _tools(parts)
        desk = _desk(parts, tools)
        door = Door(tools.blobs, desk, tools.metrics, lambda: tools.is_ready(time.monotonic()))
        server = DoorServer(make_app(door), settings.worker.host, settings.worker.port)
        server.start()
        stack.callback(server.stop)
        url = settings.worker.public_url or f"http://{reachable_host(settings.worker.host)}:{server.port}"
        parts.sender.recover()
        worker = _worker(parts, tools, desk, url)
        tools.log.info("worker_started", chain=parts.chain.chain_id, url=url, models=len(parts.workshop))
        yield Running(worker, tools, url)


def _gather(settings: Settings, hooks: Hooks, stack: ExitStack) -> _Parts:
    """Checks and opens everything, what is quick to check first; `stack` closes it."""
    signer = open_signer(settings)
    chain = open_chain(settings)
    stack.callback(chain.rpc.close)
    constants = read_constants(chain)
    require_stake(chain, signer.address, constants)
    warn_without_coin(chain, signer.address)
    database = stack.enter_context(open_database(settings.database))
    intents = hooks.intents(SqlIntentStore(database))
    policy = SendPolicy(confirmations=settings.confirmations)
    sender = stack.enter_context(TransactionSender(chain, signer, intents, settings.data_dir, policy=policy))
    workshop = open_workshop(settings)
    stack.callback(workshop.close)
    workshop.provers = open_provers(settings, chain, workshop.models.values(), get_logger("worker"), hooks.open_circuit)
    return _Parts(settings, signer, chain, constants, database, sender, workshop, hooks, threading.Event())


def chain_clock(chain: Chain) -> Callable[[BlockRef], int]:
    """The time that the next block will have at least: that of the pending block, where the node tells one."""

    def time_of(head: BlockRef) -> int:
        pending = None
        with suppress(ChainError, KeyError, TypeError, ValueError):
            pending = int(chain.rpc.call("eth_getBlockByNumber", ["pending", False])["timestamp"], 16)
        return max(head.timestamp, pending or 0)

    return time_of


def _tools(parts: _Parts) -> Tools:
    settings, chain = parts.settings, parts.chain
    policy = policy_of(settings, chain)
    blobs = BlobStore(settings.blobs)
    decisions = OwnDecisions(DecisionLog(parts.database), parts.signer.address)
    inputs: Background[JobId, HeldInput] = Background("fetch", FETCHES_AT_ONCE, on_end=parts.wake.set)
    outputs: Background[JobId, Output] = Background("execute", 1, on_end=parts.wake.set)
    return Tools(
        worker=parts.signer.address,
        constants=parts.constants,
        calls=chain.calls,
        sender=parts.sender,
        sealer=Sealer.of(parts.signer, chain.chain_id, chain.deployment.market),
        policy=policy,
        workshop=parts.workshop,
        blobs=blobs,
        fetch_policy=FetchPolicy(policy.max_input_bytes, allow_private=settings.allow_private_inputs),
        decisions=decisions,
        inputs=inputs,
        outputs=outputs,
        proofs=Background("prove", 1, on_end=parts.wake.set),
        belongings=Belongings(inputs, outputs, decisions, blobs),
        verifiers=Verifiers(chain.rpc),
        metrics=Metrics(),
        meanings=Meanings(parts.workshop.models),
        log=get_logger("worker").bind(worker=parts.signer.address),
        clock=time.time,
        checkpoint=parts.hooks.checkpoint,
    )


def _desk(parts: _Parts, tools: Tools) -> QuoteDesk:
    return QuoteDesk(
        parts.signer,
        tools.constants,
        tools.policy,
        tools.workshop,
        tools.blobs,
        tools.fetch_policy,
        tools.decisions,
        seconds=parts.settings.worker.pricing.quote_seconds,
        moment=lambda: tools.moment,
        clock=time.time,
    )


def _worker(parts: _Parts, tools: Tools, desk: QuoteDesk, url: str) -> Worker:
    chain, settings = parts.chain, parts.settings.worker
    at = chain.deployment
    keeper = Keeper(tools.blobs)
    keeper.recall(tools.decisions)
    tools.blobs.sweep_partials(time.time() - PARTIALS_AFTER)
    queries = Queries(parts.database)
    return Worker(
        tools,
        Indexer(chain, parts.database, chain_id=chain.chain_id, market=at.market, first_block=at.block),
        parts.sender,
        JobBook(queries, tools.worker),
        desk,
        keeper,
        url=url,
        chain_time=chain_clock(chain),
        wake=parts.wake,
        rhythm=Rhythm(settings.poll_seconds, Amount(settings.withdraw_above)),
        defence=open_defence(parts.settings, chain, queries, tools, parts.sender, parts.wake),
    )
