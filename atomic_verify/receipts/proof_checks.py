"""What a receipt says is proven, held against its own tensors, against a chain, and by whoever has the circuit's keys.

Life cycle: receipt. Without anybody's help it follows from the receipt's tensors what the SNARK must be about, and
which decision that is, certain or not. Whether the SNARK proves it is for a verifier contract to say, or for EZKL.
"""

from base64 import b64decode

import numpy as np

from atomic_verify.commitments import DType
from atomic_verify.models.parts import MAX_QUANTA, MAX_SCALE
from atomic_verify.protocol.primitives import parse_address, to_hex
from atomic_verify.protocol.proofs import Decision, proven_of, read_tensor, scores_tensor, unpack
from atomic_verify.protocol.quanta import Floats, from_field
from atomic_verify.protocol.terms import CRITICAL_OF
from atomic_verify.protocol.types import CriticalKind, ModelSpec, Rfp
from atomic_verify.receipts.chain_checks import event_at
from atomic_verify.receipts.errors import ProofContradicted, SnarkRefused
from atomic_verify.receipts.receipt import Proof, Receipt, Side
from atomic_verify.receipts.report import ProofFinding, ReceiptChain, SnarkCheck

AGAIN = "Fetch it again, or don't trust who handed it out."
WHOSE_CIRCUIT = (
    "That the circuit is the model's own, and the verifier the circuit's: the model's publisher pinned both. "
    "Install the model and run: atomic circuit check MODEL."
)
WHOSE_SRS = (
    "That the keys come from a ceremony, as the publisher says: compare the SRS's digest in circuit.json with the "
    "one that the ceremony published. Who made an SRS of its own can forge any proof."
)
NO_SNARK = (
    "The SNARK itself: it isn't in the receipt, since the result was committed through another contract, or its proof "
    "is none that a receipt can hold. "
    "The chain checked it then: see its event Proven."
)


def find_proof(receipt: Receipt, rfp: Rfp, spec: ModelSpec) -> ProofFinding | None:
    """What the receipt's tensors say is proven; None for an optimistic job. The tensors must have passed their roots.

    Raises ProofContradicted, and NotWholeQuanta for scores that no circuit gives.
    """
    kind, stated = CRITICAL_OF.get(rfp.guarantee), receipt.proof
    if kind is None:
        _hold(stated is None, "its job asked for no proof")
        return None
    if stated is None:
        raise _contradicted(f"an item of a {rfp.guarantee.name.lower()} job comes with its proof")
    _hold(spec.critical.kind is kind, "its model has no critical step of the kind that the job asks for")
    _require_publishable(spec)
    _hold(stated.transaction == receipt.commitment.transaction, "its proof is of another transaction than its commit")
    is_head = kind is CriticalKind.HEAD
    read = _floats(receipt.item.outputs if is_head else receipt.item.inputs, 0)
    scores = _floats(receipt.item.outputs, len(spec.outputs) - 1)
    proven = proven_of(spec.critical, read, scores)
    found = proven.decision
    _hold(found.index == stated.decision, f"its scores make decision {found.index}, not {stated.decision}")
    words = "certain" if found.is_certain else "not certain"
    _hold(found.is_certain == stated.certain, f"by its scores and the model's margin the decision is {words}")
    best, second = sorted((from_field(one) for one in proven.instances[-scores.size :]), reverse=True)[:2]
    return ProofFinding(
        step=spec.critical,
        tensor=read_tensor(spec).name,
        decision=found.index,
        is_certain=found.is_certain,
        lead=best - second,
        snark=_snark(stated),
        instances=proven.instances,
    )


def check_snark(finding: ProofFinding, check: SnarkCheck) -> ProofFinding:
    """Has whoever has the circuit's keys check the SNARK. Raises SnarkRefused, and what `check` raises."""
    if finding.snark is None:
        return finding
    if not check(finding.snark, finding.instances):
        raise SnarkRefused("The receipt is wrong: its SNARK doesn't prove its scores, says EZKL.", hint=AGAIN)
    return finding.checked("ezkl")


def check_proof_on_chain(
    receipt: Receipt, finding: ProofFinding, chain: ReceiptChain, item_count: int, verifier: str | None
) -> ProofFinding:
    """Holds what is proven against the commit's event, and has a verifier check the SNARK: the one that the receipt
    names, or `verifier`. Raises SnarkRefused, ReceiptRefused.
    """
    stated = receipt.proof
    if stated is None:  # no finding without one
        raise RuntimeError("a finding without a proof")
    event = event_at(chain, receipt, ("Results", "Proven"), receipt.commitment)
    same = parse_address(event.args["verifier"]) == parse_address(stated.verifier)
    _require(same, "the chain had it checked by another verifier")
    decided = unpack(int(event.args["decisions"]), item_count)[receipt.item.index]
    mine = Decision(finding.decision, finding.is_certain)
    _require(decided == mine, "the chain recorded another decision for this item")
    asked = verifier or stated.verifier
    code, pinned = chain.code_hash(asked), finding.step.verifier_code
    _require(code == pinned, f"{asked} hasn't the code {to_hex(pinned)} of the model's verifier")
    finding = finding.checked("commit")
    if finding.snark is None:
        return finding
    _require(chain.is_proven(asked, finding.snark, finding.instances), "its SNARK doesn't prove its scores")
    return finding.checked("verifier")


def proof_words(finding: ProofFinding, why_not: str) -> tuple[list[str], list[str]]:
    """What of the proof was verified and what wasn't; `why_not` says what it would take to check the SNARK."""
    verified = ["The scores are whole quanta; the decision, and whether it is certain, follow from them."]
    if "commit" in finding.checked_by:
        verified.append("The chain had a proof of this decision when the result was committed.")
    if "verifier" in finding.checked_by:
        verified.append("The SNARK proves these scores: a contract with the verifier code that the model pins says so.")
    if "ezkl" in finding.checked_by:
        verified.append("The SNARK proves these scores: EZKL says so, with the keys of the installed model's circuit.")
    unverified = []
    if finding.snark is None:
        unverified.append(NO_SNARK)
    elif not finding.is_checked:
        unverified.append(f"The SNARK itself: {why_not}")
    if finding.step.development:
        unverified.append(
            "That the SNARK couldn't be forged: its keys come from a development SRS, and somebody may know the "
            "secret. It is worth nothing as a proof on its own."
        )
    return verified, [*unverified, WHOSE_CIRCUIT, *(() if finding.step.development else (WHOSE_SRS,))]


def _require_publishable(spec: ModelSpec) -> None:
    """The rules by which Models publishes critical steps, without which nothing below can be computed."""
    step, scores = spec.critical, scores_tensor(spec)
    sides = (len(spec.inputs), len(spec.outputs))
    fits = sides == (1, 1) if step.kind is CriticalKind.WHOLE else sides[1] == 2
    floats = all(tensor.dtype == DType.FLOAT for tensor in (read_tensor(spec), scores))
    _hold(
        fits and floats and int(np.prod(scores.shape, dtype=object)) >= 2, "its model's critical step has other tensors"
    )
    scaled = max(step.input_scale, step.output_scale) <= MAX_SCALE
    _hold(scaled and step.limit <= MAX_QUANTA, "its model's critical step is out of bounds")


def _floats(side: Side, at: int) -> Floats:
    if side.tensors is None:
        raise _contradicted("it lacks the tensors that its proof is about")
    return np.frombuffer(b64decode(side.tensors[at]), dtype="<f4").astype(np.float32)


def _snark(stated: Proof) -> bytes | None:
    try:
        return None if stated.snark is None else b64decode(stated.snark, validate=True)
    except ValueError as error:
        raise _contradicted("its SNARK is not base64") from error


def _contradicted(words: str) -> ProofContradicted:
    return ProofContradicted(f"The receipt is wrong: {words}.", hint=AGAIN)


def _hold(holds: bool, words: str) -> None:
    if not holds:
        raise _contradicted(words)


def _require(holds: bool, words: str) -> None:
    if not holds:
        raise SnarkRefused(f"The receipt is wrong: {words}.", hint=AGAIN)
