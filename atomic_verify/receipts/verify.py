"""Checking a receipt: alone, against a root that the reader trusts, or against a chain.

Life cycle: the last step, and the only one that a third party needs. A check either passes or raises `ReceiptRefused`;
what could not be checked is said in the report, in plain words.
"""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace

from atomic_verify.commitments import DType, TensorSpec, item_root, tensor_root, verify_entry
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.ids import job_id, model_id
from atomic_verify.protocol.primitives import parse_address, parse_word, to_hex
from atomic_verify.protocol.types import CriticalKind, ModelSpec, Rfp, TensorSig
from atomic_verify.receipts.build import is_disputable
from atomic_verify.receipts.chain_checks import check_commitment, check_verdict, check_voids
from atomic_verify.receipts.errors import ReceiptRefused
from atomic_verify.receipts.meaning import meaning_of
from atomic_verify.receipts.proof_checks import check_proof_on_chain, check_snark, find_proof, proof_words
from atomic_verify.receipts.receipt import Receipt, Side
from atomic_verify.receipts.report import Check, ReceiptChain, Report, SnarkCheck, Verdict, require

NOBODY_ASKED = "no chain was asked, nor EZKL."


def verify_offline(
    receipt: Receipt, root: bytes | None = None, *, snark: SnarkCheck | None = None, why_not: str = NOBODY_ASKED
) -> Report:
    """Checks that the receipt is consistent and, given one, that its output is of `root`.

    `snark` checks the SNARK of a proven decision; without it the report says `why_not`. Raises ReceiptRefused,
    NotWholeQuanta, and what `snark` raises.
    """
    rfp, spec = _terms(receipt)
    verified = _check_item(receipt, rfp, spec)
    unverified = []
    if root is None:
        unverified.append("No root or chain was given to check the commitment.")
    else:
        same = root == parse_word(receipt.commitment.root)
        require(same, f"its committed root is {receipt.commitment.root}, not the root you gave")
        verified.append("The output belongs to the root that you gave.")
        unverified.append(
            "That this root was committed on a chain, when, by whom, and that it is final: no chain was asked."
        )
    finding = find_proof(receipt, rfp, spec)
    if finding is not None and snark is not None:
        finding = check_snark(finding, snark)
    report = Report(tuple(map(Check, verified)), (*map(Check, unverified), *_untold(receipt)), Verdict.UNKNOWN, finding)
    return _with_proof(report, receipt, why_not)


def _terms(receipt: Receipt) -> tuple[Rfp, ModelSpec]:
    """The job's terms and the model's spec, which are those of the receipt's ids. Raises ReceiptRefused."""
    try:
        rfp, spec = Rfp.from_json(receipt.rfp), ModelSpec.from_json(receipt.model_spec)
        market = parse_address(receipt.contracts.market)
    except AtomicError as error:
        raise ReceiptRefused(f"The receipt's terms or model are malformed: {error}") from error
    require(to_hex(job_id(receipt.chain_id, market, rfp)) == receipt.job, "the job's id isn't that of its terms")
    require(to_hex(model_id(spec)) == receipt.model, "the model's id isn't that of its spec")
    require(to_hex(rfp.model_id) == receipt.model, "the job's terms name another model")
    require(is_disputable(spec) == receipt.disputable, "it misstates whether the model can be disputed")
    require(receipt.item.index < rfp.item_count, "the item lies beyond the job's item count")
    check_voids(receipt, rfp.item_count)
    return rfp, spec


def _check_item(receipt: Receipt, rfp: Rfp, spec: ModelSpec) -> list[str]:
    """Holds the item's tensors against the job's roots, and says so. Raises ReceiptRefused."""
    index = receipt.item.index
    inputs = _check_side("input", receipt.item.inputs, spec.inputs, rfp.input_root, index, rfp.item_count)
    committed = parse_word(receipt.commitment.root)
    outputs = _check_side("output", receipt.item.outputs, spec.outputs, committed, index, rfp.item_count)
    return ["The job's id is the hash of its terms, and the model's id the hash of its spec.", *inputs, *outputs]


def verify_on_chain(
    receipt: Receipt,
    chain: ReceiptChain,
    *,
    trusted_market: str | None = None,
    verifier: str | None = None,
    snark: SnarkCheck | None = None,
) -> Report:
    """Checks the receipt against the chain too. `trusted_market` is the market that the reader knows, if any;
    `verifier` checks the SNARK instead of the contract that the receipt names, if it has the same code.

    Raises what `verify_offline` raises, and what `chain` raises when it can't be reached.
    """
    rfp, spec = _terms(receipt)
    told = [Check(words) for words in _check_item(receipt, rfp, spec)]
    finding = find_proof(receipt, rfp, spec)
    if finding is not None and snark is not None:
        finding = check_snark(finding, snark)
    found = chain.chain_id()
    require(found == receipt.chain_id, f"it is of chain {receipt.chain_id}, this is chain {found}")
    if trusted_market is not None:
        same = parse_address(trusted_market) == parse_address(receipt.contracts.market)
        require(same, "its market is not the one that you trust")
    same = parse_address(chain.results_of(receipt.contracts.market)) == parse_address(receipt.contracts.results)
    require(same, "its market takes results from another contract")
    check_commitment(receipt, chain)
    if finding is not None:
        finding = check_proof_on_chain(receipt, finding, chain, rfp.item_count, verifier)
    verdict, words, open_words = check_verdict(receipt, chain)
    verified = [
        f"Worker {receipt.commitment.worker} committed this output in block {receipt.commitment.block_number} "
        f"of chain {receipt.chain_id}."
    ]
    verified += words
    unverified = []
    if trusted_market is None:
        unverified.append(f"That market {receipt.contracts.market} is the one you mean: no deployment was given.")
    unverified += open_words
    is_whole = finding is not None and finding.step.kind is CriticalKind.WHOLE
    if not receipt.disputable and not is_whole:
        unverified.append(
            "That the output is right: this model is undisputable, so no contract could have judged it. "
            "It is what the worker committed."
        )
    return _with_proof(Report(tuple(told), (), verdict, finding).joined(verified, unverified, verdict), receipt, "")


def _with_proof(report: Report, receipt: Receipt, why_not: str) -> Report:
    """The report with what is to be said of the item's proof, if it has one."""
    if report.proof is None:
        return report
    verified, unverified = proof_words(report.proof, why_not)
    meaning = meaning_of(receipt, report.proof, report.verdict)
    return replace(report.joined(verified, unverified, report.verdict), meaning=meaning)


def _untold(receipt: Receipt) -> tuple[Check, ...]:
    """What a receipt says of the verdict, and only a chain can confirm."""
    if receipt.own_void is not None:
        return (Check(f"That the item is void, as the receipt says: {receipt.own_void.challenger} showed it wrong."),)
    return ()


def _check_side(
    name: str, side: Side, signature: Sequence[TensorSig], root: bytes, index: int, count: int
) -> list[str]:
    roots = [parse_word(text) for text in side.tensor_roots]
    require(len(roots) == len(signature), f"its {name} has {len(roots)} tensors, the model {len(signature)}")
    try:
        verify_entry(root, item_root(roots), index, count, [parse_word(node) for node in side.path])
    except AtomicError as error:
        raise ReceiptRefused(f"The receipt is wrong: the {name}'s path doesn't lead to its root: {error}") from error
    words = f"The {name} tensors' roots lead to the job's {name} root."
    if side.tensors is None:
        return [words]
    require(len(side.tensors) == len(roots), f"its {name} doesn't have bytes for each tensor")
    for text, tensor, expected in zip(side.tensors, signature, roots, strict=True):
        require(_tensor_root(text, tensor) == expected, f"the bytes of {name} {tensor.name!r} don't have its root")
    return [words, f"The {name} bytes in the receipt are those of the roots."]


def _tensor_root(text: str, tensor: TensorSig) -> bytes:
    try:
        data = b64decode(text, validate=True)
        spec = TensorSpec(tensor.name, DType(tensor.dtype), tuple(tensor.shape))
    except (ValueError, AtomicError) as error:
        raise ReceiptRefused(f"The receipt is wrong: tensor {tensor.name!r} is malformed: {error}") from error
    require(len(data) == spec.nbytes, f"tensor {tensor.name!r} has {len(data)} bytes, its shape {spec.nbytes}")
    return tensor_root(data)
