"""The proven results in transactions: a commit with proofs has outputs and proofs in its call's data, for all to see.

Life cycle: from the commit on. Whoever collects such a result needs nothing from its worker, which can't withhold it.
"""

from dataclasses import dataclass

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from atomic_verify.chain.interface import interface, types_of
from atomic_verify.protocol.errors import ProtocolError
from atomic_verify.protocol.primitives import parse_address
from atomic_verify.protocol.types import Rfp, Submission

__all__ = ["submission_in"]

WORD, SELECTOR, TERMS = 32, 4, 14
"""Bytes of a word and of a selector; words of the terms."""
NEGATIVE, MODULUS = 2**255, 2**256
MAX_LENGTH = 2**64 - 1


def submission_in(data: bytes, rfp: Rfp) -> Submission | None:
    """What the data of a call to Results submits for the job of these terms; None if it is another call."""
    entry = interface("Results").functions["commitProven"]
    if data[:SELECTOR] != entry.digest[:SELECTOR]:
        return None
    head = data[SELECTOR : SELECTOR + TERMS * WORD]
    try:
        terms = Rfp.from_abi(decode(types_of(entry.inputs[:1]), head)[0])
        return _Calldata(data).submission(rfp.item_count) if terms == rfp else None
    except (DecodingError, ProtocolError, ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class _Calldata:
    """A call's data, read as the contract's own code reads it, so that no odd encoding that it takes hides anything.

    Offsets may lead backwards, tails may overlap, padding may be anything, and behind the end are zeros.
    """

    data: bytes

    def submission(self, items: int) -> Submission:
        """Raises ValueError for what the contract would refuse, for one."""
        base = SELECTOR + self.word(SELECTOR + TERMS * WORD)
        if base + 5 * WORD > len(self.data):
            raise ValueError("no submission")
        spec, inputs, outputs = (self.tail(base, base + place * WORD) for place in (0, 2, 3))
        first, count = self.place(base, base + 4 * WORD, WORD)
        # Elsewhere many could lead to one and the same large tail.
        if count != items:
            raise ValueError("another number of proofs")
        proofs = tuple(self.tail(first, first + number * WORD) for number in range(count))
        verifier = parse_address("0x" + self.word(base + WORD).to_bytes(WORD, "big")[-20:].hex())
        return Submission(spec=spec, verifier=verifier, inputs=inputs, outputs=outputs, proofs=proofs)

    def word(self, at: int) -> int:
        return int.from_bytes(self.data[at : at + WORD].ljust(WORD, b"\0"), "big")

    def tail(self, base: int, at: int) -> bytes:
        """The bytes that the offset in the word at `at` leads to, counted from `base`."""
        first, length = self.place(base, at, 1)
        return self.data[first : first + length] if length else b""

    def place(self, base: int, at: int, size: int) -> tuple[int, int]:
        """Where the elements begin that an offset leads to, each of `size` bytes, and how many there are."""
        offset = self.word(at)
        if _signed(offset) >= len(self.data) - base - (WORD - 1):
            raise ValueError("an offset leads beyond the end")
        where = (base + offset) % MODULUS
        length = self.word(where)
        first = (where + WORD) % MODULUS
        if length > MAX_LENGTH or _signed(first) > len(self.data) - length * size:
            raise ValueError("more was announced than is there")
        return first, length


def _signed(word: int) -> int:
    return word - MODULUS if word >= NEGATIVE else word
