"""The fold of a job's events into its record; mirrors contracts/src/Market.sol and Results.sol.

Life cycle: post to settle. The chain has judged every event already, so the fold checks nothing again; it works out one
thing that events don't say: why a bid was chosen, by the same auction rules.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.auction import Award, award, reassign, tie_of
from atomic_verify.protocol.errors import RankingImpossible
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.proofs import unpack
from atomic_verify.protocol.types import (
    Address,
    Amount,
    Bid,
    BidStatus,
    JobId,
    JobState,
    Kind,
    Outcome,
    Rfp,
    parse_address,
    parse_word,
)
from atomic_verify.storage.records import (
    AttemptRecord,
    BidRecord,
    JobRecord,
    ProvenRecord,
    ResultRecord,
    SettlementRecord,
    VoidRecord,
    point_of,
)


def fold_job(events: Iterable[ChainEvent]) -> JobRecord | None:
    """The job after all its `events` in chain order; None as long as it isn't posted."""
    job: JobRecord | None = None
    for event in events:
        if event.name == "RfpPosted":
            job = _posted(event)
        elif job is not None and (step := _STEPS.get(event.name)) is not None:
            job = replace(step(job, event), updated=point_of(event))
    return job


def _posted(event: ChainEvent) -> JobRecord:
    point = point_of(event)
    return JobRecord(
        id=JobId(parse_word(event.args["job"])),
        rfp=Rfp.from_json(event.args["rfp"]),
        input_uri=event.args["inputUri"],
        state=JobState.POSTED,
        posted=point,
        updated=point,
    )


# Bids


def _bid_sealed(job: JobRecord, event: ChainEvent) -> JobRecord:
    seal = event.args["seal"].lower()
    bid = BidRecord(
        worker=parse_address(event.args["worker"]),
        status=BidStatus.SEALED,
        seal=seal,
        tie=tie_of(parse_word(seal)),
        sealed=point_of(event),
    )
    return replace(job, bids=(*job.bids, bid))


def _bid_revealed(job: JobRecord, event: ChainEvent) -> JobRecord:
    return _with_bid(
        job,
        event,
        lambda bid: replace(
            bid,
            status=BidStatus.REVEALED,
            price=Amount(event.args["price"]),
            weight=event.args["weight"],
            revealed=point_of(event),
        ),
    )


def _bid_forfeited(job: JobRecord, event: ChainEvent) -> JobRecord:
    return _with_bid(job, event, lambda bid: replace(bid, status=BidStatus.FORFEITED))


def _bid_spent(job: JobRecord, event: ChainEvent) -> JobRecord:
    return _with_bid(job, event, lambda bid: replace(bid, status=BidStatus.SPENT))


def _with_bid(job: JobRecord, event: ChainEvent, change: Callable[[BidRecord], BidRecord]) -> JobRecord:
    worker = parse_address(event.args["worker"])
    return replace(job, bids=tuple(change(bid) if bid.worker == worker else bid for bid in job.bids))


# Awards


def _awarded(job: JobRecord, event: ChainEvent) -> JobRecord:
    worker, price = parse_address(event.args["worker"]), Amount(event.args["price"])
    decision, reason = _why(job, worker, price, event.args["attempt"])
    attempt = AttemptRecord(
        number=event.args["attempt"],
        worker=worker,
        price=price,
        deadline=event.args["deadline"],
        awarded=point_of(event),
        reason=reason,
        ranking=() if decision is None else decision.ranking,
    )
    return replace(_bid_spent(job, event), state=JobState.AWARDED, attempts=(*job.attempts, attempt))


def _why(job: JobRecord, worker: Address, price: Amount, attempt: int) -> tuple[Award | None, str]:
    """The ranking that the chain awarded by, and the reason in words."""
    if job.rfp.kind is Kind.QUOTE:
        return None, f"{worker} signed a quote of {price} and the requester took it"
    bids = {
        bid.worker: Bid(BidStatus.REVEALED, bid.weight, bid.tie, bid.price)
        for bid in job.bids
        if bid.status is BidStatus.REVEALED and bid.weight is not None and bid.price is not None
    }
    try:
        decision = award(bids, job.rfp.max_price) if attempt == 1 else reassign(bids, worker, job.rfp.max_price)
    except RankingImpossible as error:
        return None, f"the chain chose {worker} at {price}; the ranking can't be followed: {error}"
    if (decision.worker, decision.payment) != (worker, price):
        return decision, f"the chain chose {worker} at {price}; by this library's rules: {decision.reason}"
    return decision, decision.reason


def _attempt_missed(job: JobRecord, event: ChainEvent) -> JobRecord:
    number = event.args["attempt"]
    attempts = tuple(
        replace(
            attempt,
            missed=point_of(event),
            bond_to_requester=Amount(event.args["toRequester"]),
            bond_burned=Amount(event.args["burned"]),
        )
        if attempt.number == number
        else attempt
        for attempt in job.attempts
    )
    return replace(job, attempts=attempts)


# Results


def _committed(job: JobRecord, event: ChainEvent) -> JobRecord:
    result = ResultRecord(
        attempt=event.args["attempt"],
        worker=parse_address(event.args["worker"]),
        root=Digest(parse_word(event.args["root"])),
        payload=parse_word(event.args["payloadDigest"]).hex(),
        final_at=event.args["finalAt"],
        committed=point_of(event),
    )
    return replace(job, state=JobState.COMMITTED, result=result)


def _proven(job: JobRecord, event: ChainEvent) -> JobRecord:
    decisions = unpack(event.args["decisions"], job.rfp.item_count)
    proven = ProvenRecord(parse_address(event.args["verifier"]), decisions)
    return _with_result(job, lambda result: replace(result, proven=proven))


def _claim_opened(job: JobRecord, event: ChainEvent) -> JobRecord:
    return _with_result(job, lambda result: replace(result, open_claims=event.args["openClaims"]))


def _claim_closed(job: JobRecord, event: ChainEvent) -> JobRecord:
    outcome, item = Outcome(event.args["outcome"]), event.args["item"]

    def close(result: ResultRecord) -> ResultRecord:
        result = replace(result, open_claims=result.open_claims - 1)
        if outcome is Outcome.VOID and item not in result.void_items:
            challenger = parse_address(event.args["challenger"])
            void = VoidRecord(item, challenger, Amount(event.args["charged"]), point_of(event))
            voids = tuple(sorted((*result.voids, void), key=lambda one: one.item))
            return replace(result, voids=voids, challenger=result.challenger or challenger)
        if outcome is Outcome.SLASH:
            return replace(result, slashed=True, challenger=parse_address(event.args["challenger"]))
        return result

    return _with_result(job, close)


def _finalized(job: JobRecord, event: ChainEvent) -> JobRecord:
    return _with_result(job, lambda result: replace(result, finalized=point_of(event)))


def _with_result(job: JobRecord, change: Callable[[ResultRecord], ResultRecord]) -> JobRecord:
    return job if job.result is None else replace(job, result=change(job.result))


# Ends


def _settled(job: JobRecord, event: ChainEvent) -> JobRecord:
    args = event.args
    settlement = SettlementRecord(
        worker=parse_address(args["worker"]),
        state=JobState(args["state"]),
        to_worker=Amount(args["toWorker"]),
        to_requester=Amount(args["toRequester"]),
        fee=Amount(args["fee"]),
        bond_to_challenger=Amount(args["bondToChallenger"]),
        bond_burned=Amount(args["bondBurned"]),
        settled=point_of(event),
    )
    return replace(job, state=settlement.state, settlement=settlement)


def _cancelled(job: JobRecord, event: ChainEvent) -> JobRecord:
    return replace(job, state=JobState.CANCELLED)


def _expired(job: JobRecord, event: ChainEvent) -> JobRecord:
    return replace(job, state=JobState.EXPIRED)


_STEPS: Mapping[str, Callable[[JobRecord, ChainEvent], JobRecord]] = MappingProxyType(
    {
        "BidSealed": _bid_sealed,
        "BidRevealed": _bid_revealed,
        "BidForfeited": _bid_forfeited,
        "BidReleased": _bid_spent,
        "Awarded": _awarded,
        "AttemptMissed": _attempt_missed,
        "Committed": _committed,
        "Proven": _proven,
        "ClaimOpened": _claim_opened,
        "ClaimClosed": _claim_closed,
        "Finalized": _finalized,
        "Settled": _settled,
        "Cancelled": _cancelled,
        "Expired": _expired,
    }
)
