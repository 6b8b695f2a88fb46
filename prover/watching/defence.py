"""A worker's own defence: the engine that refutes false claims on its results and answers lines on them.

Life cycle: challenge window, claim, line. It claims nothing and looks at no result but the worker's own, whose outputs
and inputs are in its blob store.
"""

import threading
import time
from dataclasses import replace

from atomic_verify.chain.client import Chain
from atomic_verify.chain.dispute_calls import DisputeCalls
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.config import Settings
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.primitives import ModelId
from atomic_verify.storage.queries import Queries
from atomic_verify.storage.records import JobRecord
from prover.tools import Tools
from prover.watching.acts import Maker
from prover.watching.cases import CaseBook
from prover.watching.chores import Chores
from prover.watching.claims_desk import ClaimsDesk
from prover.watching.engine import Engine, Hands
from prover.watching.gather import Source
from prover.watching.metrics import WatchMetrics
from prover.watching.purse import ChainPurse
from prover.watching.sealed import ClaimLog
from prover.watching.settings import policy_of, read_dispute_constants
from prover.watching.workbench import Workbench


def open_defence(
    settings: Settings, chain: Chain, queries: Queries, tools: Tools, sender: TransactionSender, wake: threading.Event
) -> Engine | None:
    """The engine, or None on a deployment on which nobody can dispute. Raises ChainUnavailable."""
    if not chain.has_disputes():
        return None
    bench = Workbench(
        account=tools.worker,
        meanings=tools.meanings,
        execute=_never,
        source=Source(tools.blobs, tools.fetch_policy),
        queries=queries,
        decisions=tools.decisions,
        claims=ClaimLog(tools.decisions),
        metrics=WatchMetrics(tools.metrics.registry),
        log=tools.log,
        clock=time.time,
        wake=wake.set,
        tries=settings.watcher.tries,
        checkpoint=tools.checkpoint,
    )
    constants = read_dispute_constants(chain)
    claims, chores = ClaimsDesk(bench), Chores(bench, constants)
    maker = Maker(bench, DisputeCalls(chain.deployment), chain.calls.finalize, claims, chores)
    purse = ChainPurse(chain, tools.worker, constants.params, sender)
    policy = replace(policy_of(settings, chain.chain_id), claims=False, defends_others=False, tidies=False)

    def scope(record: JobRecord) -> bool:
        return record.result is not None and record.result.worker == tools.worker

    book = CaseBook(queries, scope, tools.worker, sees_all_disputes=False)
    hands = Hands(maker, sender, purse, policy, finalizes=False)
    return Engine(bench, book, claims, chores, constants, None, hands)


def _never(model: ModelId, payload: bytes, items: int, digest: str) -> bytes:
    raise AtomicError("A worker's defence doesn't execute")
