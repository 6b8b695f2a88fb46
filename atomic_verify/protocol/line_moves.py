"""What an account demands and answers, and which lines it lets lapse or closes. Pure, as `claim_moves`.

Used by `moves`. Data is demanded on the chain only when it can't be had otherwise. The one who should answer (the
claimer of a trace, the worker of a result or input) answers at once; anybody else who has the data may help, later.
"""

from collections.abc import Iterator

from atomic_verify.protocol.claim_moves import awaits_claim, relies_on
from atomic_verify.protocol.dispute_types import Subject, Turn
from atomic_verify.protocol.dispute_view import (
    ClaimView,
    DisputeView,
    LineView,
    Opinion,
    Policy,
    Stance,
)
from atomic_verify.protocol.move_types import Answer, CloseLine, DemandItem, DemandTrace, Lapse, Move

TRUSTED = (Stance.TRUE, Stance.LAWFUL)
"""Claims that should not die."""


def answer_moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> Iterator[Move]:
    """Open demands that the account has the data for: its own duty at once, others' when they sleep."""
    for line in view.lines:
        if line.turn is not Turn.ANSWERER or line.id not in opinion.answerable or now >= line.clock_ends:
            continue
        if _is_moot(view, line):
            continue
        if _answerer(view, line) == view.account:
            yield Answer(line.id, line.rounds, "unanswered until its clock runs out, the line would convict")
        elif _helps(view, opinion, policy, line) and now >= _help_from(line, policy):
            yield Answer(line.id, line.rounds, "who should answer has not, and the answer is paid for")


def demand_trace_moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> Iterator[Move]:
    """Traces that can't be read are asked for, deeper with each answer, until an element breaks its law."""
    if not policy.defends_others and view.account != view.worker:
        return
    for claim in view.claims:
        found = opinion.of(claim)
        asked = claim.is_open and claim.claimer != view.account and found.stance is Stance.WITHHELD and found.asks
        if not asked or view.is_model_invalid:
            continue
        line = view.own_line(Subject.TRACE, claim=claim.id)
        if line is None:
            if now + policy.margin < view.upholdable_at(claim):
                had = sum(one.claim == claim.id and one.opener == view.account for one in view.lines)
                yield DemandTrace(claim.id, 0, had, found.asks, "the claim's trace can't be fetched")
        elif _may_ask(line, policy, now):
            yield DemandTrace(claim.id, line.id, line.rounds, found.asks, "the answer leads further down")


def demand_item_moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> Iterator[Move]:
    """Results and inputs that can't be fetched are asked for: many items at the same time, since whoever withholds them
    answers as slowly as its clock allows, which may be longer than the window; and no more than the policy pays for."""
    if not policy.claims or not view.is_disputable or view.account == view.worker:
        return
    own = [line for line in view.lines if line.opener == view.account and line.subject is not Subject.TRACE]
    left = policy.max_lines - len(own)
    end = view.window.closes_at
    in_time = now >= view.committed_at + policy.patience and end is not None and now + policy.margin < end
    # A convicted worker's data decides nothing more.
    in_time = in_time and not view.result.slashed
    for want in opinion.wants:
        line = view.own_line(want.subject, item=want.item)
        if line is None and in_time and left > 0:
            left -= 1
            had = sum((one.subject, one.item) == (want.subject, want.item) for one in own)
            reason = f"the {want.subject.name.lower()} of item {want.item} can't be fetched"
            yield DemandItem(view.job, want.subject, want.item, 0, had, want.runs, reason)
        elif line is not None and _may_ask(line, policy, now):
            reason = "the item isn't known in full yet"
            yield DemandItem(view.job, want.subject, want.item, line.id, line.rounds, want.runs, reason)


def lapse_moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> Iterator[Move]:
    """Lines whose answerer's clock is out are ended by their openers; but never so that a true claim would die."""
    for line in view.lines:
        if line.turn is not Turn.ANSWERER or now < line.clock_ends or _is_moot(view, line):
            continue
        if _answerer(view, line) == view.account or _would_kill_a_true_claim(view, opinion, line):
            continue
        if line.opener == view.account:
            yield Lapse(line.id, "the answerer's clock is out")
        elif (policy.tidies or view.is_owed) and now >= line.clock_ends + policy.grace:
            yield Lapse(line.id, "the answerer's clock is out, and the opener lets it lie")


def close_moves(view: DisputeView, opinion: Opinion, policy: Policy, now: int) -> Iterator[Move]:
    """Own lines that are of no more use, and those of others that stand in the way after their clock is out."""
    for line in view.lines:
        own = line.opener == view.account
        if not line.is_open:
            continue
        if _is_moot(view, line):
            if own or view.account == view.worker or policy.tidies:
                yield CloseLine(line.id, "what it asked about is decided")
            continue
        if line.turn is not Turn.DEMANDER:
            continue
        if own and not _is_needed(view, opinion, policy, line, now):
            yield CloseLine(line.id, "nothing more to ask")
        elif not own and now >= line.clock_ends and _is_held_up(view, opinion, policy, line):
            yield CloseLine(line.id, "its opener's clock is out")


def _is_needed(view: DisputeView, opinion: Opinion, policy: Policy, line: LineView, now: int) -> bool:
    """Whether an own line in its own turn is kept open: something is still to be asked, or claimed on its answers."""
    if now >= line.clock_ends:
        return False
    may_ask = line.rounds < line.max_rounds
    if line.subject is Subject.TRACE:
        claim = _claim_of(view, line)
        found = opinion.of(claim) if claim else None
        # Until the refutation is mined the line must keep the claim from being upheld.
        return found is not None and (
            found.stance in (Stance.UNKNOWN, Stance.BROKEN, Stance.INVALID_MODEL)
            or (found.stance is Stance.WITHHELD and may_ask)
        )
    wanted = any((want.subject, want.item) == (line.subject, line.item) for want in opinion.wants)
    return (wanted and may_ask) or awaits_claim(view, opinion, policy, line.item, now)


def _may_ask(line: LineView, policy: Policy, now: int) -> bool:
    in_time = line.turn is Turn.DEMANDER and now + policy.margin < line.clock_ends
    return in_time and line.rounds < line.max_rounds


def _claim_of(view: DisputeView, line: LineView) -> ClaimView | None:
    return next((claim for claim in view.claims if claim.id == line.claim), None)


def _is_moot(view: DisputeView, line: LineView) -> bool:
    """Whether the claim that the line asks about is closed."""
    claim = _claim_of(view, line)
    return line.subject is Subject.TRACE and claim is not None and not claim.is_open


def _answerer(view: DisputeView, line: LineView) -> str | None:
    """Who should answer."""
    if line.subject is not Subject.TRACE:
        return view.worker
    claim = _claim_of(view, line)
    return claim.claimer if claim else None


def _is_held_up(view: DisputeView, opinion: Opinion, policy: Policy, line: LineView) -> bool:
    """Whether the account wants a line of somebody else's to be over."""
    if policy.tidies or view.is_owed or view.account in (view.worker, _answerer(view, line)):
        return True
    claim = _claim_of(view, line)
    return policy.claims and claim is not None and relies_on(view, opinion, claim)


def _helps(view: DisputeView, opinion: Opinion, policy: Policy, line: LineView) -> bool:
    """Whether the account answers for somebody else: for a claim that is its own evaluation to the last bit, and for a
    worker in whose result it finds nothing wrong."""
    claim = _claim_of(view, line)
    if line.subject is not Subject.TRACE:
        return policy.defends_others and not opinion.wrongs and line.opener != view.account
    if claim is None or opinion.of(claim).stance is not Stance.TRUE:
        return False
    return policy.defends_others or (policy.claims and relies_on(view, opinion, claim))


def _help_from(line: LineView, policy: Policy) -> int:
    """Others get `grace`, but no more than half of what is left of the clock."""
    return line.since + min(policy.grace, line.answerer_left // 2)


def _would_kill_a_true_claim(view: DisputeView, opinion: Opinion, line: LineView) -> bool:
    claim = _claim_of(view, line)
    return line.subject is Subject.TRACE and claim is not None and opinion.of(claim).stance in TRUSTED
