"""What a proof means for an item, in plain words: what is proven, what is optimistic and until when, how sure it is.

Life cycle: receipt. The words are those of docs/protocol.md.
"""

from atomic_verify.protocol.types import CriticalKind
from atomic_verify.receipts.receipt import Receipt
from atomic_verify.receipts.report import ProofFinding, Verdict

_FEATURES = {
    Verdict.GOOD: "they could be disputed, nobody showed them to be wrong, and they are final.",
    Verdict.VOID: "this item was shown to be wrong, so its proven decision means nothing.",
    Verdict.SLASHED: "the worker was slashed, so the proven decision means nothing.",
}


def meaning_of(receipt: Receipt, finding: ProofFinding, verdict: Verdict) -> tuple[str, ...]:
    """The sentences, in the order in which they are to be read."""
    return (_proven(finding), _sure(finding), _optimistic(receipt, finding, verdict))


def _sure(finding: ProofFinding) -> str:
    unit = 2.0**-finding.step.output_scale
    lead, margin = finding.lead * unit, finding.step.certain_margin * unit
    if finding.is_certain:
        words = f"The decision is certain: its score leads by {lead:.4g}, more than the {margin:.4g} within which"
        return words + " the model's canonical evaluation could decide otherwise."
    if finding.lead > finding.step.certain_margin:
        words = (
            f"The decision is within tolerance: a number in {finding.tensor!r} is beyond the circuit's range and was"
        )
        return words + " cut, so that the model's canonical evaluation may decide otherwise."
    words = f"The decision is within tolerance: its score leads by {lead:.4g} only, and within {margin:.4g}"
    return words + " the model's canonical evaluation may decide otherwise."


def _proven(finding: ProofFinding) -> str:
    by = "Proven by a zk-SNARK" if finding.checked_by else "To be proven by the zk-SNARK, which was not checked here"
    if finding.step.kind is CriticalKind.HEAD:
        return f"{by}: of the committed {finding.tensor!r} the model's head makes decision {finding.decision}."
    return f"{by}: of the job's input {finding.tensor!r} the whole model makes decision {finding.decision}."


def _optimistic(receipt: Receipt, finding: ProofFinding, verdict: Verdict) -> str:
    if finding.step.kind is CriticalKind.WHOLE:
        return "Optimistic: nothing. The result was final when it was committed."
    until = f"they stand unless somebody shows the opposite; final at {receipt.commitment.final_at} (unix time) at the"
    until += " earliest."
    return f"Optimistic: the {finding.tensor!r} themselves: {_FEATURES.get(verdict, until)}"
