"""Three strikes: a worker whose jobs are void too often is slashed as if it had been convicted.

Used at settle; twin of Registry.recordStrike. *Strike*: a job that settles with void items, of a model that isn't
void-only (on one that is, an honest worker may be voided too). *Ordinal*: a job's number among the worker's settled
jobs, counted from one; a missed job doesn't settle.
"""

from atomic_verify.protocol.types import ModelRecord, Reputation, Strikes, VerdictRecord

STRIKE_SPAN = 100
"""The third strike, or a later one, among this many settled jobs slashes; the job itself is one of them."""


def next_ordinal(reputation: Reputation) -> int:
    """The ordinal of the next job of this worker that settles."""
    return reputation.final_jobs + reputation.void_jobs + reputation.slashed_jobs + 1


def is_strike(verdict: VerdictRecord, model: ModelRecord) -> bool:
    """Whether a job that settles under this verdict strikes. A convicted job doesn't: it is slashed as it is."""
    return not verdict.slashed and verdict.void_items > 0 and not model.void_only


def strike(strikes: Strikes, reputation: Reputation) -> tuple[Strikes, bool]:
    """A worker's strikes after one more, and whether that one slashes. `reputation` is that before the job settles."""
    ordinal = next_ordinal(reputation)
    is_third = strikes.previous > 0 and ordinal - strikes.previous < STRIKE_SPAN
    return Strikes(strikes.last, ordinal), is_third
