"""The next moves in the disputes of one job, for a watcher or its worker: a table of small pure decisions.

Used while a job is committed, at every new block. The same view, opinion, policy and time give the same moves, whatever
the process did before: it needs no memory. A move that is decided again has the same key and is sent once.
"""

from collections.abc import Iterator
from dataclasses import replace

from atomic_verify.protocol.claim_moves import burn_moves, refute_moves, reveal_moves, seal_moves, uphold_moves
from atomic_verify.protocol.dispute_types import ClaimState, DisputeParams, Subject
from atomic_verify.protocol.dispute_view import DisputeView, Opinion, Policy
from atomic_verify.protocol.disputes import answer_prefund, line_reserve, reveal_span, seal_bond
from atomic_verify.protocol.job_types import JobState
from atomic_verify.protocol.line_moves import (
    answer_moves,
    close_moves,
    demand_item_moves,
    demand_trace_moves,
    lapse_moves,
)
from atomic_verify.protocol.move_types import (
    DemandItem,
    DemandTrace,
    Finalize,
    Move,
    Reveal,
    Seal,
)
from atomic_verify.protocol.primitives import Amount


def watcher_moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> tuple[Move, ...]:
    """What the account should do at `now` (the time of the block that its transaction is likely to be in), most
    urgent first. Empty for a job that isn't committed: but for what is left to tidy up."""
    return tuple(_moves(view, opinion, policy, now))


def worker_moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> tuple[Move, ...]:
    """What the job's own worker should do: it defends itself and claims nothing. As `watcher_moves` else."""
    return watcher_moves(view, opinion, replace(policy, claims=False), now)


def _moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> Iterator[Move]:
    if view.state is JobState.COMMITTED:
        # What loses money when it comes late stands first.
        yield from reveal_moves(view, now)
        yield from answer_moves(view, opinion, policy, now)
        yield from seal_moves(view, opinion, policy, now)
        yield from refute_moves(view, opinion, policy)
        yield from demand_trace_moves(view, opinion, policy, now)
        yield from demand_item_moves(view, opinion, policy, now)
        yield from uphold_moves(view, opinion, policy, now)
        yield from lapse_moves(view, opinion, policy, now)
    yield from close_moves(view, opinion, policy, now)
    yield from finalize_moves(view, policy, now)
    yield from burn_moves(view, policy, now)


def finalize_moves(view: DisputeView, policy: Policy, now: int) -> Iterator[Move]:
    """Whoever is paid by the end of a job ends it."""
    is_over = view.state is JobState.COMMITTED and view.result.open_claims == 0 and now >= view.final_at
    rewarded = view.result.slashed and view.result.challenger == view.account
    earns = view.worker == view.account and not view.result.slashed
    if is_over and (rewarded or earns or policy.tidies):
        yield Finalize(view.job, "the window is over, and no claim or line is open")


def wake_at(view: DisputeView, policy: Policy, now: int) -> int | None:
    """The next second after `now` at which time alone may change the moves; None if it can't."""
    edges = {view.final_at, view.committed_at + policy.patience}
    for seal in view.own_seals:
        if seal.sealed_at is not None and not seal.is_used:
            edges.add(seal.sealed_at + 1)
    for foreign in view.foreign_seals if policy.tidies else ():
        closes_at = reveal_span(foreign.sealed_at, view.reveal_time).closes_at
        edges |= set() if closes_at is None else {closes_at}
    for claim in view.claims:
        if claim.is_open:
            edges |= {view.upholdable_at(claim), view.upholdable_at(claim) + policy.grace}
    for line in view.lines:
        if line.is_open:
            helped = line.since + min(policy.grace, line.answerer_left // 2)
            edges |= {line.clock_ends, line.clock_ends + policy.grace, helped}
    return min((edge for edge in edges if edge > now), default=None)


def funds_needed(move: Move, params: DisputeParams, depth: int) -> Amount:
    """The most utility tokens that the move locks: an account that has less lets it be, and says so."""
    if isinstance(move, Seal):
        # Sealing what can't be revealed would burn the bond.
        return Amount(seal_bond(params) + line_reserve(params, depth))
    if isinstance(move, Reveal):
        return line_reserve(params, depth)
    if isinstance(move, DemandTrace):
        return Amount(answer_prefund(params) + (0 if move.line else params.line_bond))
    if isinstance(move, DemandItem):
        return answer_prefund(params)
    return Amount(0)


def concerns(view: DisputeView) -> bool:
    """Whether anything about the job's disputes is still open for the account: then it is to be looked at again."""
    if view.state is JobState.COMMITTED:
        return True
    open_claims = any(claim.state is ClaimState.OPEN for claim in view.claims)
    return open_claims or any(line.is_open and line.subject is not Subject.NONE for line in view.lines)
