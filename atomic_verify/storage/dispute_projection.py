"""The folds of the events of seals, claims and lines; mirrors contracts/src/Disputes.sol.

Life cycle: claim and line. The chain has judged every event already, so the folds check nothing again.
"""

from collections.abc import Iterable
from dataclasses import replace

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.dispute_types import ClaimState, ClaimTerms, Demand, LineEnd, Subject
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.types import Amount, JobId, Outcome, parse_address, parse_word
from atomic_verify.storage.dispute_records import ClaimRecord, LineRecord, Refutation, RoundRecord, SealRecord
from atomic_verify.storage.records import point_of


def fold_seal(events: Iterable[ChainEvent]) -> SealRecord | None:
    """The seal after all its `events` in chain order; None before it is made."""
    seal: SealRecord | None = None
    for event in events:
        args = event.args
        if event.name == "ClaimSealed":
            claimer = parse_address(args["claimer"])
            seal = SealRecord(parse_word(args["seal"]), claimer, Amount(args["bond"]), point_of(event))
        elif seal is not None and event.name == "ClaimRevealed":
            seal = replace(seal, claim=args["claim"], revealed=point_of(event))
        elif seal is not None and event.name == "SealBurned":
            seal = replace(seal, burned=point_of(event))
    return seal


def fold_claim(events: Iterable[ChainEvent]) -> ClaimRecord | None:
    """The claim after all its `events` in chain order; None before it is revealed."""
    claim: ClaimRecord | None = None
    for event in events:
        if event.name == "ClaimRevealed":
            claim = _revealed(event)
        elif claim is not None and event.name == "ClaimRefuted":
            claim = replace(claim, state=ClaimState.REFUTED, refutation=_refutation(event), ended=point_of(event))
        elif claim is not None and event.name == "ClaimUpheld":
            charged = Amount(event.args["charged"])
            claim = replace(claim, state=ClaimState.UPHELD, charged=charged, ended=point_of(event))
        elif claim is not None and event.name == "ReserveDivided":
            to_worker, burned = Amount(event.args["toWorker"]), Amount(event.args["burned"])
            claim = replace(claim, reserve_to_worker=to_worker, reserve_burned=burned)
    return claim


def _revealed(event: ChainEvent) -> ClaimRecord:
    args = event.args
    return ClaimRecord(
        id=args["claim"],
        terms=ClaimTerms.from_json(args["terms"]),
        claimer=parse_address(args["claimer"]),
        seal=parse_word(args["seal"]),
        inputs=Digest(parse_word(args["inputs"])),
        outcome=Outcome(args["outcome"]),
        bond=Amount(args["bond"]),
        cost=Amount(args["cost"]),
        upholdable_at=args["upholdableAt"],
        revealed=point_of(event),
    )


def _refutation(event: ChainEvent) -> Refutation:
    args = event.args
    return Refutation(
        refuter=parse_address(args["refuter"]),
        ruling=args["ruling"],
        step=args["step"],
        element=args["element"],
        reward=Amount(args["reward"]),
        to_worker=Amount(args["toWorker"]),
        burned=Amount(args["burned"]),
    )


def fold_line(events: Iterable[ChainEvent]) -> LineRecord | None:
    """The line after all its `events` in chain order; None before it is opened."""
    line: LineRecord | None = None
    for event in events:
        if event.name == "LineOpened":
            line = _opened(event)
        elif line is not None and event.name == "Demanded":
            line = replace(line, rounds=(*line.rounds, _demanded(event)))
        elif line is not None and event.name == "Answered":
            line = replace(line, rounds=tuple(_answered(one, event) for one in line.rounds))
        elif line is not None and event.name == "LineClosed":
            line = _closed(line, event)
    return line


def _opened(event: ChainEvent) -> LineRecord:
    args = event.args
    return LineRecord(
        id=args["line"],
        job=JobId(parse_word(args["job"])),
        opener=parse_address(args["opener"]),
        subject=Subject(args["subject"]),
        claim=args["claim"] or None,
        item=args["item"],
        opened=point_of(event),
    )


def _demanded(event: ChainEvent) -> RoundRecord:
    args = event.args
    return RoundRecord(
        number=args["round"],
        demand=Demand.from_json(args["demand"]),
        prefund=Amount(args["prefund"]),
        answer_by=args["answerBy"],
        demanded=point_of(event),
    )


def _answered(one: RoundRecord, event: ChainEvent) -> RoundRecord:
    args = event.args
    if one.number != args["round"]:
        return one
    return replace(
        one,
        answerer=parse_address(args["answerer"]),
        paid=Amount(args["paid"]),
        demand_by=args["demandBy"],
        answered=point_of(event),
    )


def _closed(line: LineRecord, event: ChainEvent) -> LineRecord:
    args = event.args
    return replace(
        line,
        end=LineEnd(args["end"]),
        repaid=Amount(args["repaid"]),
        forfeited=Amount(args["forfeited"]),
        closed=point_of(event),
    )
