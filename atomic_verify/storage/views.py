"""What `queries` answers with beyond the records themselves: summaries, pages, counters, freshness.

Life cycle: all steps. Units are those of `records`.
"""

from dataclasses import dataclass

from atomic_verify.protocol.events import BlockRef
from atomic_verify.protocol.types import Address, Amount, JobId, JobState, Rfp
from atomic_verify.storage.records import JobRecord, ResultRecord, WorkerBooks

JobPosition = tuple[int, int]
"""Where a page of jobs ended: the last job's (block number, log index)."""


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A job in a list."""

    id: JobId
    rfp: Rfp
    state: JobState
    position: JobPosition
    posted_at: int
    worker: Address | None
    """The worker of the current or last attempt."""
    attempts: int
    price: Amount | None
    deadline: int | None
    """By when the current or last attempt had to commit."""
    final_at: int | None


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, and where the next page begins (None: there is none)."""

    jobs: tuple[JobSummary, ...]
    next: JobPosition | None


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """One transaction: `act` is the contract function that was called ("commit"), `gas_used` that of all of it."""

    hash: str
    act: str
    sender: Address
    gas_used: int
    block_number: int
    block_hash: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker: its books, and what became of its jobs, each counted once as the contract does."""

    books: WorkerBooks
    final_jobs: int = 0
    void_jobs: int = 0
    slashed_jobs: int = 0
    missed_jobs: int = 0


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What the chain says about a committed result."""

    chain_id: int
    market: Address
    job: JobRecord
    result: ResultRecord


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """How far the chain was indexed. `head` is as it was at the last sync that found something new."""

    chain_id: int
    market: Address
    indexed: int
    """The last indexed block's number; one below the first block while nothing is."""
    indexed_hash: str | None
    head: BlockRef

    @property
    def lag_blocks(self) -> int:
        """How many blocks of the known head are not indexed yet."""
        return max(0, self.head.number - self.indexed)

    def lag_seconds(self, now: float) -> float:
        """How old the known head is at `now` (Unix seconds): large when the node or the indexer stands still."""
        return max(0.0, now - self.head.timestamp)
