"""A call's data as nobody encodes it, and as the contract reads it all the same."""

from atomic_verify.protocol.types import Submission

TERMS = 14 * 32
"""Bytes of the terms, the first argument of commitProven."""


def word(value: int) -> bytes:
    return (value % 2**256).to_bytes(32, "big")


def backwards(data: bytes, submission: Submission) -> bytes:
    """The same call of commitProven with all tails first, and offsets that lead back to them."""
    tails, begins = b"", list[int]()
    for tail in (submission.spec, submission.inputs, submission.outputs, *submission.proofs):
        begins.append(32 + len(tails))
        tails += word(len(tail)) + tail
    # All counted from the word behind the terms, which leads to the submission.
    array = 32 + len(tails)
    proofs = b"".join(word(begin - (array + 32)) for begin in begins[3:])
    start = array + 32 + len(proofs)
    # Empty inputs may lie far before the beginning, where there are zeros.
    inputs = begins[1] - start if submission.inputs else -(2**200)
    fields = (begins[0] - start, int(submission.verifier, 16), inputs, begins[2] - start, array - start)
    rest = word(TERMS + start) + tails + word(len(submission.proofs)) + proofs
    return data[: 4 + TERMS] + rest + b"".join(map(word, fields))
