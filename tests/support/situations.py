"""Situations of a dispute, for tables of decisions: short ways to write claims, lines, opinions and what follows.

Numbers are seconds. A job is committed at 1,000; its window ends at 4,600, R is 60, a claim can be refuted for 300, a
line's clocks are 200 each, the margin is 10, patience 100, grace 40.
"""

from dataclasses import replace
from typing import Any

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.dispute_types import ClaimState, ClaimTerms, DisputeParams, Run, Subject, Turn
from atomic_verify.protocol.dispute_view import (
    ClaimOpinion,
    ClaimView,
    DisputeView,
    LineView,
    Opinion,
    Policy,
    Stance,
    Wrong,
)
from atomic_verify.protocol.job_types import JobState, Outcome, Result, Rfp
from atomic_verify.protocol.move_types import Move
from atomic_verify.protocol.moves import watcher_moves
from atomic_verify.protocol.primitives import ZERO_ADDRESS, Address, Amount, JobId, parse_address


def account(number: int) -> Address:
    return parse_address(f"0x{number:040x}")


ME, CLAIMER, WORKER, OTHER = (account(number) for number in (0xAA, 0xBB, 0xB0B, 0xCC))
PARAMS = DisputeParams(300, 200, Amount(2), Amount(50_000), Amount(600_000))
JOB, ROOT = JobId(b"\x01" * 32), Digest(b"\x09" * 32)
START, END, R = 1_000, 4_600, 60
POLICY = Policy(margin=10, patience=100, grace=40)
RUNS = (Run(3, 0, 1, 1),)
VOID, FRAUD = Wrong(1, 0, 7, Outcome.VOID), Wrong(2, 0, 5, Outcome.SLASH)


def terms(item: int = 1) -> ClaimTerms:
    return ClaimTerms(JOB, item, 0, 7, ROOT, ROOT)


def claim(number: int = 5, *, who: Address = CLAIMER, outcome: Outcome = Outcome.VOID, item: int = 1, at: int = 1_200,
          state: ClaimState = ClaimState.OPEN) -> ClaimView:  # fmt: skip
    return ClaimView(number, who, terms(item), outcome, state, at)


def line(number: int = 9, *, who: Address = ME, subject: Subject = Subject.TRACE, on: int = 5, item: int = 1,
         turn: Turn = Turn.DEMANDER, since: int = 1_300, rounds: int = 1, most: int = 6) -> LineView:  # fmt: skip
    on = on if subject is Subject.TRACE else 0
    return LineView(number, who, subject, on, item, turn, since, 200, 200, rounds, most)


def view_of(rfp: Rfp) -> DisputeView:
    """A committed job about which nothing is disputed yet."""
    result = Result(ROOT, 0, 0, False, ZERO_ADDRESS, Amount(0))
    return DisputeView(ME, JOB, rfp, JobState.COMMITTED, WORKER, START, result, PARAMS, R, True, False)


def thinks(stance: Stance, **more: Any) -> Opinion:
    """An opinion on claim 5 alone."""
    return Opinion(claims={5: ClaimOpinion(stance, **more)})


def moves(view: DisputeView, opinion: Opinion = Opinion(), now: int = 1_310, **policy: Any) -> list[Move]:  # noqa: B008
    return list(watcher_moves(view, opinion, replace(POLICY, **policy), now))


def kinds(found: list[Move]) -> list[str]:
    return [type(move).__name__ for move in found]
