"""A case as the pure decisions take it (`protocol.dispute_view`), from what the index knows and what is on record here.

Life cycle: challenge window, claim, line. Clocks follow from the events: each demand and each answer says by when the
other side has to move.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from atomic_verify.protocol.dispute_view import ClaimView, DisputeView, ForeignSeal, LineView, OwnSeal
from atomic_verify.protocol.disputes import max_rounds
from atomic_verify.protocol.primitives import ZERO_ADDRESS, Address
from atomic_verify.protocol.types import DisputeParams, Result, Turn
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord, SealRecord
from atomic_verify.storage.records import ResultRecord
from prover.watching.cases import Case
from prover.watching.sealed import RecordedClaim


@dataclass(frozen=True, slots=True)
class DisputeConstants:
    """What a deployment's dispute contracts were made with, read once."""

    chain_id: int
    disputes: Address
    params: DisputeParams
    reveal_time: int


def view_of(
    case: Case,
    account: Address,
    constants: DisputeConstants,
    own: Iterable[RecordedClaim],
    sealed: Mapping[bytes, SealRecord],
    foreign: Iterable[SealRecord] = (),
) -> DisputeView:
    """The view of `account` on a committed job. `own` are its claims on record, `sealed` its seals on the chain."""
    record, result = case.record, case.record.result
    if result is None:
        raise ValueError("a job without a result has no disputes")
    return DisputeView(
        account=account,
        job=record.id,
        rfp=record.rfp,
        state=record.state,
        worker=result.worker,
        committed_at=result.committed.timestamp,
        result=_result(result),
        params=constants.params,
        reveal_time=constants.reveal_time,
        is_disputable=case.model.is_disputable,
        is_model_invalid=case.model.is_invalid,
        claims=tuple(_claim(claim) for claim in case.claims),
        lines=tuple(_line(line, constants.params, case.model.depth) for line in case.lines),
        own_seals=tuple(_own_seal(one, sealed.get(one.claim.seal)) for one in own),
        foreign_seals=tuple(ForeignSeal(one.claimer, one.seal, one.sealed.timestamp) for one in foreign),
    )


def _result(result: ResultRecord) -> Result:
    return Result(
        root=result.root,
        open_claims=result.open_claims,
        void_items=len(result.void_items),
        slashed=result.slashed,
        challenger=result.challenger or ZERO_ADDRESS,
        costs=result.costs,
    )


def _claim(claim: ClaimRecord) -> ClaimView:
    return ClaimView(claim.id, claim.claimer, claim.terms, claim.outcome, claim.state, claim.revealed.timestamp)


def _line(line: LineRecord, params: DisputeParams, depth: int) -> LineView:
    opener_left, answerer_left, since = params.line_clock, params.line_clock, line.opened.timestamp
    for place, one in enumerate(line.rounds):
        if place:
            # The opener took its time from the last answer to this demand.
            opener_left -= one.demanded.timestamp - since
        since, answerer_left = one.demanded.timestamp, one.answer_by - one.demanded.timestamp
        if one.answered is not None and one.demand_by is not None:
            since, opener_left = one.answered.timestamp, one.demand_by - one.answered.timestamp
            answerer_left -= one.answered.timestamp - one.demanded.timestamp
    turn = line.turn
    return LineView(
        id=line.id,
        opener=line.opener,
        subject=line.subject,
        claim=line.claim or 0,
        item=line.item,
        turn=turn,
        since=since,
        opener_left=max(0, opener_left),
        answerer_left=max(0, answerer_left),
        rounds=len(line.rounds),
        max_rounds=max_rounds(depth),
        demand=line.rounds[-1].demand if turn is Turn.ANSWERER and line.rounds else None,
    )


def _own_seal(one: RecordedClaim, found: SealRecord | None) -> OwnSeal:
    sealed_at = None if found is None else found.sealed.timestamp
    return OwnSeal(one.claim.terms, one.outcome, sealed_at, found is not None and not found.is_open)
