"""A watcher as a process: opened from settings, run until it is told to stop, closed in order.

Life cycle: challenge window, claim, line. `run(settings)` is what `atomic watcher run` calls. Without `defend` nothing
here touches a key: what it finds it tells, in its log and at its door.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from atomic_verify.chain.client import Chain
from atomic_verify.chain.dispute_calls import DisputeCalls
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.transactions import SendPolicy
from atomic_verify.config import Settings
from atomic_verify.observability import configure_logging, get_logger
from atomic_verify.protocol.dispute_view import Policy
from atomic_verify.protocol.primitives import ZERO_ADDRESS, Amount, ModelId
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.database import Database, open_database
from atomic_verify.storage.decisions import DecisionLog
from atomic_verify.storage.fetch import FetchPolicy
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.intents import SqlIntentStore
from atomic_verify.storage.queries import Queries
from atomic_verify.storage.records import JobRecord
from prover.daemon import PARTIALS_AFTER, Hooks, chain_clock
from prover.decisions import OwnDecisions
from prover.retention import Keeper
from prover.server import DoorServer, reachable_host
from prover.startup import open_chain, open_signer, open_workshop, warn_without_coin
from prover.watcher import Rhythm, Watcher
from prover.watching.account import OwnAccount
from prover.watching.acts import Maker
from prover.watching.cases import CaseBook
from prover.watching.chores import Chores
from prover.watching.claims_desk import ClaimsDesk
from prover.watching.door import make_watcher_app
from prover.watching.engine import Engine, Hands
from prover.watching.gather import Source
from prover.watching.meanings import Meanings
from prover.watching.metrics import WatchMetrics
from prover.watching.purse import ChainPurse
from prover.watching.results_desk import ResultsDesk
from prover.watching.sampling import is_sampled
from prover.watching.sealed import ClaimLog
from prover.watching.settings import policy_of, read_dispute_constants
from prover.watching.views import DisputeConstants
from prover.watching.workbench import Workbench
from prover.workshop import Workshop

LEAST_REVEAL_TIME = 5
"""Seconds from a seal within which a claim must be revealed: where it is shorter, seals would burn."""
RETENTION = 3_600.0
"""Seconds for which blobs are kept after their job is over."""


@dataclass(frozen=True, slots=True)
class RunningWatcher:
    """An opened watcher, its HTTP door open, before or while its loop runs."""

    watcher: Watcher
    engine: Engine
    url: str


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a watcher is assembled from, all of it checked. `signer` and `sender` are there only to defend."""

    settings: Settings
    chain: Chain
    constants: DisputeConstants
    database: Database
    workshop: Workshop
    hooks: Hooks
    wake: threading.Event
    signer: Signer | None = None
    sender: TransactionSender | None = None


def run(settings: Settings, *, hooks: Hooks | None = None) -> None:
    """Runs a watcher until SIGTERM or SIGINT. Raises the coded error of whatever start-up check fails."""
    configure_logging(json=settings.log_format == "json", level=settings.log_level)
    with opened_watcher(settings, hooks or Hooks()) as running:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: running.watcher.stop())
        running.watcher.run()


@contextmanager
def opened_watcher(settings: Settings, hooks: Hooks | None = None) -> Iterator[RunningWatcher]:
    """A watcher with its door open; everything is closed at the end, in the opposite order.

    Raises what `prover.startup` raises, NoDisputes, SenderBusy, DoorUnavailable, DatabaseUnavailable,
    BlobStoreUnavailable.
    """
    with ExitStack() as stack:
        parts = _gather(settings, hooks or Hooks(), stack)
        blobs = BlobStore(settings.blobs, settings.watcher.max_bytes)
        blobs.sweep_partials(time.time() - PARTIALS_AFTER)
        engine = _engine(parts, _bench(parts, blobs))
        holder: list[Watcher] = []
        app = make_watcher_app(
            blobs,
            engine.bench.metrics,
            lambda: bool(holder) and holder[0].is_ready(),
            lambda: holder[0].status() if holder else {},
        )
        server = DoorServer(app, settings.watcher.host, settings.watcher.port)
        stack.callback(server.stop)
        url = settings.watcher.public_url or f"http://{reachable_host(settings.watcher.host)}:{server.port}"
        if parts.sender is not None:
            parts.sender.recover()
        holder.append(_watcher(parts, engine, url))
        server.start()
        defends = engine.hands is not None
        models = len(parts.workshop)
        engine.bench.log.info("watcher_started", chain=parts.chain.chain_id, url=url, models=models, defends=defends)
        yield RunningWatcher(holder[0], engine, url)


def _gather(settings: Settings, hooks: Hooks, stack: ExitStack) -> _Parts:
    """Checks and opens everything, what is quick to check first; `stack` closes it."""
    signer = open_signer(settings) if settings.watcher.defend else None
    chain = open_chain(settings)
    stack.callback(chain.rpc.close)
    constants = read_dispute_constants(chain)
    database = stack.enter_context(open_database(settings.database))
    sender = None
    if signer is not None:
        warn_without_coin(chain, signer.address)
        intents = hooks.intents(SqlIntentStore(database))
        policy = SendPolicy(confirmations=settings.confirmations)
        sender = stack.enter_context(TransactionSender(chain, signer, intents, settings.data_dir, policy=policy))
    workshop = open_workshop(_as_worker(settings))
    stack.callback(workshop.close)
    return _Parts(settings, chain, constants, database, workshop, hooks, threading.Event(), signer, sender)


def _as_worker(settings: Settings) -> Settings:
    """The settings by which models are run, in the place where a worker has them."""
    own = settings.watcher
    worker = settings.worker.model_copy(
        update={"provider": own.provider, "threads": own.threads, "sandbox": own.sandbox}
    )
    return settings.model_copy(update={"worker": worker})


def _bench(parts: _Parts, blobs: BlobStore) -> Workbench:
    settings, signer = parts.settings, parts.signer
    decisions = OwnDecisions(DecisionLog(parts.database), ZERO_ADDRESS if signer is None else signer.address)

    def execute(model: ModelId, payload: bytes, items: int, digest: str) -> bytes:
        return parts.workshop.execute(model, payload, items, digest).payload

    return Workbench(
        account=None if signer is None else signer.address,
        meanings=Meanings(parts.workshop.models),
        execute=execute,
        source=Source(blobs, FetchPolicy(settings.watcher.max_bytes, allow_private=settings.allow_private_inputs)),
        queries=Queries(parts.database),
        decisions=decisions,
        claims=ClaimLog(decisions),
        metrics=WatchMetrics(),
        log=get_logger("watcher").bind(watcher=None if signer is None else signer.address),
        clock=time.time,
        wake=parts.wake.set,
        tries=settings.watcher.tries,
        seed=settings.watcher.seed or str(signer.address if signer else settings.data_dir.resolve()),
        checkpoint=parts.hooks.checkpoint,
    )


def _engine(parts: _Parts, bench: Workbench) -> Engine:
    chain, sample = parts.chain, parts.settings.watcher.sample

    def scope(record: JobRecord) -> bool:
        return is_sampled(record.id, sample, bench.seed)

    claims, chores = ClaimsDesk(bench), Chores(bench, parts.constants)
    hands = None
    if parts.sender is not None and bench.account is not None:
        maker = Maker(bench, DisputeCalls(chain.deployment), chain.calls.finalize, claims, chores)
        purse = ChainPurse(chain, bench.account, parts.constants.params, parts.sender)
        hands = Hands(maker, parts.sender, purse, _policy(parts, bench))
    book = CaseBook(bench.queries, scope, bench.account)
    return Engine(bench, book, claims, chores, parts.constants, ResultsDesk(bench), hands)


def _policy(parts: _Parts, bench: Workbench) -> Policy:
    """The settings' policy; without claims where nobody could be sure to reveal one in time."""
    policy, reveal_time = policy_of(parts.settings, parts.chain.chain_id), parts.constants.reveal_time
    if reveal_time >= LEAST_REVEAL_TIME:
        return policy
    hint = "Deploy with a longer time to reveal claims (--claim-times)."
    bench.log.warning("claims_nothing", reveal_time=reveal_time, least=LEAST_REVEAL_TIME, hint=hint)
    return replace(policy, claims=False)


def _watcher(parts: _Parts, engine: Engine, url: str) -> Watcher:
    chain, settings, bench = parts.chain, parts.settings.watcher, engine.bench
    keeper = Keeper(bench.source.store, RETENTION)
    keeper.recall(bench.decisions)
    account = None
    if parts.sender is not None and bench.account is not None:
        above = Amount(settings.withdraw_above)
        account = OwnAccount(bench.account, url, bench.queries, chain.calls, parts.sender, above)
    at = chain.deployment
    return Watcher(
        engine,
        Indexer(chain, parts.database, chain_id=chain.chain_id, market=at.market, first_block=at.block),
        keeper,
        chain_time=chain_clock(chain),
        wake=parts.wake,
        account=account,
        journal=parts.sender,
        rhythm=Rhythm(settings.poll_seconds),
    )
