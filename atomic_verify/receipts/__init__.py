"""Receipts: one JSON file that lets anybody check one item of a job without trusting who handed it out.

`receipt` is the file's format, `build` makes one from what a gateway has on record, `verify` checks one, alone or
against a chain.
"""

from atomic_verify.receipts.build import build_receipt
from atomic_verify.receipts.errors import ProofContradicted, ReceiptMalformed, ReceiptRefused, SnarkRefused
from atomic_verify.receipts.receipt import Receipt, load_receipt
from atomic_verify.receipts.report import Check, ProofFinding, ReceiptChain, Report, SnarkCheck, Verdict
from atomic_verify.receipts.verify import verify_offline, verify_on_chain

__all__ = [
    "Check",
    "ProofContradicted",
    "ProofFinding",
    "Receipt",
    "ReceiptChain",
    "ReceiptMalformed",
    "ReceiptRefused",
    "Report",
    "SnarkCheck",
    "SnarkRefused",
    "Verdict",
    "build_receipt",
    "load_receipt",
    "verify_offline",
    "verify_on_chain",
]
