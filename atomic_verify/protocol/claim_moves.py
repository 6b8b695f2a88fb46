"""Which claims an account seals, reveals, refutes, dismisses and upholds. Pure: the same view gives the same moves.

Used by `moves`. A wrong is *covered* when a claim that the account can defend, or a seal of its own, already leads to
what claiming it would. A claim that merely says the same but whose trace is another is no cover: its maker could let it
die after the window.
"""

from collections.abc import Iterator

from atomic_verify.protocol.dispute_types import ClaimState, Subject, Turn
from atomic_verify.protocol.dispute_view import (
    ClaimView,
    DisputeView,
    LineView,
    Opinion,
    OwnSeal,
    Policy,
    Stance,
    Wrong,
)
from atomic_verify.protocol.disputes import reveal_span
from atomic_verify.protocol.job_types import Outcome
from atomic_verify.protocol.move_types import BurnSeal, Dismiss, Move, Refute, RefuteModel, Reveal, Seal, Uphold


def reveal_moves(view: DisputeView, now: int) -> Iterator[Move]:
    """Every own seal is revealed as soon as it may be: unrevealed it burns, and nobody else's move makes it useless."""
    if view.is_model_invalid:
        return
    for seal in view.own_seals:
        if not is_live(view, seal, now) or seal.sealed_at is None or now <= seal.sealed_at:
            continue
        line = _line_for(view, seal.terms.item)
        if view.window.contains(seal.sealed_at):
            yield Reveal(seal.terms, seal.sealed_at, 0, "a sealed claim that is not revealed loses its bond")
        elif line is not None and now < line.clock_ends:
            yield Reveal(seal.terms, seal.sealed_at, line.id, "sealed after the window, on a late answer")


def seal_moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> Iterator[Move]:
    """What is wrong is claimed at once, while the window leaves time: fraud once for the whole job, else each item."""
    if not policy.claims or not view.is_disputable or view.is_model_invalid or view.account == view.worker:
        return
    for seal in view.own_seals:
        wrong = Wrong(seal.terms.item, seal.terms.output, seal.terms.element, seal.outcome)
        if seal.sealed_at is None and not seal.is_used and _may_seal(view, policy, wrong.item, now):
            yield Seal(view.job, wrong, _spent(view, wrong.item, now), seal.terms, "on record, not on the chain yet")
    for wrong in uncovered(view, opinion, policy, now):
        if _may_seal(view, policy, wrong.item, now):
            verb = "fraud" if wrong.outcome is Outcome.SLASH else "beyond accept"
            yield Seal(view.job, wrong, _spent(view, wrong.item, now), None, f"item {wrong.item} is {verb}")


def uncovered(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> tuple[Wrong, ...]:
    """The wrongs that the account should claim and hasn't, gravest first."""
    left = policy.max_claims - sum(claim.claimer == view.account for claim in view.claims)
    left -= sum(is_live(view, seal, now) for seal in view.own_seals)
    frauds = [wrong for wrong in opinion.wrongs if wrong.outcome is Outcome.SLASH]
    if frauds:
        is_covered = view.result.slashed or any(_covers(view, opinion, wrong, now) for wrong in frauds)
        return () if is_covered or left <= 0 else (frauds[0],)
    found = tuple(wrong for wrong in opinion.wrongs if not _covers(view, opinion, wrong, now))
    return () if view.result.slashed else found[: max(0, left)]


def refute_moves(view: DisputeView, opinion: Opinion, policy: Policy) -> Iterator[Move]:
    """Every false claim is refuted at once, and every claim on an invalid model dismissed."""
    if not policy.defends_others and view.account != view.worker:
        return
    for claim in view.claims:
        if not claim.is_open or claim.claimer == view.account:
            continue
        found = opinion.of(claim)
        if view.is_model_invalid:
            yield Dismiss(claim.id, "the model was shown to be invalid")
        elif found.stance is Stance.BROKEN:
            yield Refute(claim.id, found.step, found.element, "this element of the trace breaks its law")
        elif found.stance is Stance.INVALID_MODEL:
            yield RefuteModel(claim.id, found.step, "the model's program has an invalid record")


def uphold_moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> Iterator[Move]:
    """Own claims are upheld when they may be; when their makers sleep, also those that the account relies on, and any
    that is right if the policy says so."""
    for claim in view.claims:
        if not claim.is_open or view.is_model_invalid or view.open_lines_on(claim):
            continue
        since = view.upholdable_at(claim)
        if claim.claimer == view.account and now >= since:
            yield Uphold(claim.id, "nobody refuted it")
        elif _helps(view, opinion, policy, claim) and now >= since + policy.grace:
            yield Uphold(claim.id, "nobody refuted it, and its claimer lets it lie")


def burn_moves(view: DisputeView, policy: Policy, now: int) -> Iterator[Move]:
    """Others' seals that weren't revealed in time."""
    for seal in view.foreign_seals if policy.tidies else ():
        span = reveal_span(seal.sealed_at, view.reveal_time)
        if span.closes_at is not None and now >= span.closes_at:
            yield BurnSeal(seal.claimer, seal.seal, "it was not revealed in time")


def is_live(view: DisputeView, seal: OwnSeal, now: int) -> bool:
    """Whether the own seal is on its way to the chain, or there and may still be revealed."""
    if seal.is_used:
        return False
    if seal.sealed_at is None:
        return True
    closes_at = reveal_span(seal.sealed_at, view.reveal_time).closes_at
    return closes_at is None or now < closes_at


def awaits_claim(view: DisputeView, opinion: Opinion, policy: Policy, item: int, now: int) -> bool:
    """Whether a claim of the account on this item is still to be revealed, or can still be made, after the window."""
    placed = any(seal.terms.item == item and is_live(view, seal, now) for seal in view.own_seals if seal.sealed_at)
    if placed or not _may_seal(view, policy, item, now):
        return placed
    recorded = any(seal.terms.item == item and is_live(view, seal, now) for seal in view.own_seals)
    return recorded or any(wrong.item == item for wrong in uncovered(view, opinion, policy, now))


def _covers(view: DisputeView, opinion: Opinion, wrong: Wrong, now: int) -> bool:
    """Whether a claim or an own seal already leads to what claiming this wrong would."""
    for claim in view.claims:
        if _does(claim, wrong) and _stands(view, opinion, claim):
            return True
        # An own claim that died would die again.
        if claim.claimer == view.account and claim.terms.item == wrong.item and claim.state is ClaimState.REFUTED:
            return True
    return any(
        is_live(view, seal, now)
        and seal.outcome >= wrong.outcome
        and (seal.outcome is Outcome.SLASH or seal.terms.item == wrong.item)
        for seal in view.own_seals
    )


def _stands(view: DisputeView, opinion: Opinion, claim: ClaimView) -> bool:
    """Whether the account can rely on the claim: upheld, its own, or one whose demands it could answer itself."""
    if claim.state is ClaimState.UPHELD:
        return True
    return claim.is_open and (claim.claimer == view.account or opinion.of(claim).stance is Stance.TRUE)


def _may_seal(view: DisputeView, policy: Policy, item: int, now: int) -> bool:
    """Whether a seal would still count: in the window, or later on an answered line of one's own."""
    end = view.window.closes_at
    if end is not None and now + policy.margin < end:
        return True
    line = _line_for(view, item)
    return line is not None and now + 2 * policy.margin < line.clock_ends


def _line_for(view: DisputeView, item: int) -> LineView | None:
    """An answered line of the account's own on this item, in its own turn."""
    for subject in (Subject.RESULT, Subject.INPUT):
        line = view.own_line(subject, item=item)
        if line is not None and line.turn is Turn.DEMANDER and line.rounds > 0:
            return line
    return None


def _spent(view: DisputeView, item: int, now: int) -> int:
    """How many own seals for this item are used or too old."""
    return sum(seal.terms.item == item and not is_live(view, seal, now) for seal in view.own_seals)


def relies_on(view: DisputeView, opinion: Opinion, claim: ClaimView) -> bool:
    """Whether another's claim is why the account doesn't claim something itself: then it sees the claim through."""
    is_other = claim.is_open and view.account not in (claim.claimer, view.worker)
    return is_other and opinion.of(claim).stance is Stance.TRUE and any(_does(claim, one) for one in opinion.wrongs)


def _does(claim: ClaimView, wrong: Wrong) -> bool:
    """Whether the claim, if it is upheld, brings about what claiming this wrong would."""
    is_fraud = claim.outcome is Outcome.SLASH
    return claim.outcome >= wrong.outcome and (is_fraud or claim.terms.item == wrong.item)


def _helps(view: DisputeView, opinion: Opinion, policy: Policy, claim: ClaimView) -> bool:
    """Whether the account upholds this claim of another's: money of its own waits for that, or it tidies up."""
    stance = opinion.of(claim).stance
    is_right = stance in (Stance.TRUE, Stance.LAWFUL)
    if view.account == view.worker:
        # What it can't refute it had better have behind it: the other items are to be paid.
        return is_right and claim.outcome is Outcome.VOID
    if view.is_owed:
        return stance not in (Stance.BROKEN, Stance.INVALID_MODEL)
    return (policy.tidies and is_right) or (policy.claims and relies_on(view, opinion, claim))
