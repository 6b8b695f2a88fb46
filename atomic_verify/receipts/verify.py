"""Checking a receipt: alone, against a root that the reader trusts, or against a chain.

Life cycle: the last step, and the only one that a third party needs. A check either passes or raises `ReceiptRefused`;
what could not be checked is said in the report, in plain words.
"""

from base64 import b64decode
from collections.abc import Sequence

from atomic_verify.commitments import DType, TensorSpec, item_root, tensor_root, verify_entry
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.ids import job_id, model_id
from atomic_verify.protocol.primitives import parse_address, parse_word, to_hex
from atomic_verify.protocol.types import ModelSpec, Rfp, TensorSig
from atomic_verify.receipts.build import is_disputable
from atomic_verify.receipts.chain_checks import check_commitment, check_verdict, check_voids
from atomic_verify.receipts.errors import ReceiptRefused
from atomic_verify.receipts.receipt import Receipt, Side
from atomic_verify.receipts.report import Check, ReceiptChain, Report, Verdict, require


def verify_offline(receipt: Receipt, root: bytes | None = None) -> Report:
    """Checks that the receipt is consistent and, given one, that its output is of `root`. Raises ReceiptRefused."""
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

    index = receipt.item.index
    inputs = _check_side("input", receipt.item.inputs, spec.inputs, rfp.input_root, index, rfp.item_count)
    committed = parse_word(receipt.commitment.root)
    outputs = _check_side("output", receipt.item.outputs, spec.outputs, committed, index, rfp.item_count)
    verified = [
        "The job's id is the hash of its terms, and the model's id the hash of its spec.",
        *inputs,
        *outputs,
    ]
    if root is None:
        return Report(
            tuple(map(Check, verified)),
            (Check("No root or chain was given to check the commitment."), *_untold(receipt)),
            Verdict.UNKNOWN,
        )
    require(root == committed, f"its committed root is {receipt.commitment.root}, not the root you gave")
    verified.append("The output belongs to the root that you gave.")
    unverified = ["That this root was committed on a chain, when, by whom, and that it is final: no chain was asked."]
    return Report(tuple(map(Check, verified)), (*map(Check, unverified), *_untold(receipt)), Verdict.UNKNOWN)


def verify_on_chain(receipt: Receipt, chain: ReceiptChain, *, trusted_market: str | None = None) -> Report:
    """Checks the receipt against the chain too. `trusted_market` is the market that the reader knows, if any.

    Raises ReceiptRefused, and what `chain` raises when it can't be reached.
    """
    report = verify_offline(receipt)
    found = chain.chain_id()
    require(found == receipt.chain_id, f"it is of chain {receipt.chain_id}, this is chain {found}")
    if trusted_market is not None:
        same = parse_address(trusted_market) == parse_address(receipt.contracts.market)
        require(same, "its market is not the one that you trust")
    same = parse_address(chain.results_of(receipt.contracts.market)) == parse_address(receipt.contracts.results)
    require(same, "its market takes results from another contract")
    check_commitment(receipt, chain)
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
    if not receipt.disputable:
        unverified.append(
            "That the output is right: this model is undisputable, so no contract could have judged it. "
            "It is what the worker committed."
        )
    # What no chain had confirmed offline is told anew.
    return Report(report.verified, (), Verdict.UNKNOWN).joined(verified, unverified, verdict)


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
