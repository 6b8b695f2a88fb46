"""Somebody's claim, examined: whether its trace obeys the laws, and the element to refute it by if it doesn't.

Life cycle: refute. First our own evaluation: a trace that is the same needs no audit. Then the trace is fetched and
audited. One that can't be had is asked for on the chain; `descent` says what to ask, and finds where it breaks.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from atomic_verify.canonical.audit import Place, audit
from atomic_verify.canonical.descent import Ask, Broken, next_move
from atomic_verify.canonical.evaluate import Keep
from atomic_verify.canonical.evidence import Case, Evidence
from atomic_verify.canonical.openings import KnownTrace
from atomic_verify.canonical.openings import Opening as CanonicalOpening
from atomic_verify.canonical.records import trace_root
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments import CommitmentError
from atomic_verify.commitments.tensors import Array
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.dispute_view import ClaimOpinion, Stance
from atomic_verify.protocol.types import Answer, ClaimTerms, Outcome, Run
from atomic_verify.storage.errors import BlobStoreFull, BlobStoreUnavailable
from prover.errors import DataWithheld
from prover.watching.gather import Source
from prover.watching.judging import element_outcome
from prover.watching.meanings import Meaning
from prover.watching.shown import Items
from prover.watching.traces import obtain_trace, tensors_of

Shown = Sequence[tuple[Sequence[Run], Answer]]
"""Answers to demands about one trace, each with the runs that were asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class ClaimFinding:
    """What is thought of a claim, and the evidence to refute it by."""

    opinion: ClaimOpinion
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Contested:
    """A claim and all that it takes to examine it."""

    terms: ClaimTerms
    outcome: Outcome
    """What it brings about if it is upheld."""
    endpoint: str | None
    """Where the claimer serves its trace."""
    meaning: Meaning
    inputs: Mapping[str, Array]
    """The item's."""


def examine_served(claim: Contested, source: Source) -> ClaimFinding:
    """Examines a claim by the trace that its claimer serves.

    Raises DataWithheld if it can't be had, BlobStoreFull, BlobStoreUnavailable, EvaluationFailed.
    """
    meaning, terms = claim.meaning, claim.terms
    with meaning.evaluate(claim.inputs, Keep.ALL) as own:
        if trace_root(tensors_of(own)) == terms.trace:
            return ClaimFinding(ClaimOpinion(Stance.TRUE))
    try:
        digest = terms.trace_digest.hex()
        trace = obtain_trace(meaning.program, claim.inputs, terms.trace, digest, claim.endpoint, source)
    except (BlobStoreFull, BlobStoreUnavailable):
        raise
    except AtomicError as error:
        raise DataWithheld(
            f"The claim's trace can't be had: {error.message}", endpoint=claim.endpoint, reason=error.code
        ) from error
    return audited(claim, trace)


def audited(claim: Contested, trace: Trace) -> ClaimFinding:
    """Looks for an element of a whole trace that breaks its law."""
    meaning = claim.meaning
    place = audit(meaning.program, trace)
    if place is None:
        return ClaimFinding(ClaimOpinion(Stance.LAWFUL))
    return broken(Case(meaning.program, trace, meaning.trees), place.step, place.element)


def broken(case: Case, step: int, element: int) -> ClaimFinding:
    """The finding that an element breaks its law, with the evidence. Raises KeyError for what the case doesn't hold."""
    return ClaimFinding(ClaimOpinion(Stance.BROKEN, step, element), case.evidence(step, element))


def examine_shown(claim: Contested, shown: Shown, outputs: Items | None) -> ClaimFinding:
    """Examines a claim whose trace isn't served by what answers showed of it: what to ask next, or where it breaks.

    `outputs` are the committed ones, if they can be had: a claim that says of the item what we would say ourselves is
    let be. Raises EvaluationFailed.
    """
    meaning, terms = claim.meaning, claim.terms
    program = meaning.program
    with meaning.evaluate(claim.inputs, Keep.ALL) as own:
        if trace_root(tensors_of(own)) == terms.trace:
            return ClaimFinding(ClaimOpinion(Stance.TRUE))
        if outputs is not None and is_deserved(claim, own, outputs):
            return ClaimFinding(ClaimOpinion(Stance.LAWFUL))
        known = known_trace(meaning, terms, shown)
        start = Place(program.outputs[terms.output].step, terms.element)
        move = next_move(program, own, known, start)
    if isinstance(move, Broken):
        case = Case.partial(program, claim.inputs, known, meaning.trees)
        return broken(case, move.place.step, move.place.element)
    if isinstance(move, Ask):
        asks = tuple(Run(run.step, run.first, run.count, 0) for run in move.runs)
        return ClaimFinding(ClaimOpinion(Stance.WITHHELD, asks=asks))
    return ClaimFinding(ClaimOpinion(Stance.LAWFUL))


def known_trace(meaning: Meaning, terms: ClaimTerms, shown: Shown) -> KnownTrace:
    """What answers showed of a claim's trace; one that isn't about this trace is passed over."""
    known = KnownTrace(meaning.program, terms.trace)
    for runs, answer in shown:
        for run, opening in zip(runs, answer.openings, strict=False):
            with suppress(CommitmentError):
                known.add(run.tensor, run.first, CanonicalOpening(opening.leaves, opening.proof, opening.path))
    return known


def is_deserved(claim: Contested, own: Trace, outputs: Items) -> bool:
    """Whether the item is at least as wrong as the claim says, by our own evaluation at the element that it names."""
    manifest, terms = claim.meaning.manifest, claim.terms
    _, data = manifest.output_signature.split(outputs.item_payload(terms.item))[terms.output]
    output = claim.meaning.program.outputs[terms.output]
    meant = own.tensor(output.step).reshape(-1)
    entry = manifest.outputs[terms.output]
    return element_outcome(entry, manifest.void_only, output, data, meant, terms.element) >= claim.outcome
