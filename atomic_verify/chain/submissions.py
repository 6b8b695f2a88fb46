"""The proven results in transactions: a commit with proofs has outputs and proofs in its call's data, for all to see.

Life cycle: from the commit on. Whoever collects such a result needs nothing from its worker, which can't withhold it.
"""

from functools import cache

from eth_abi.codec import ABIDecoder
from eth_abi.decoding import ByteStringDecoder, ContextFramesBytesIO, decode_uint_256
from eth_abi.exceptions import DecodingError, InsufficientDataBytes
from eth_abi.registry import ABIRegistry, BaseEquals, registry

from atomic_verify.chain.interface import interface, types_of
from atomic_verify.protocol.errors import ProtocolError
from atomic_verify.protocol.types import Rfp, Submission

__all__ = ["submission_in"]


def submission_in(data: bytes, rfp: Rfp) -> Submission | None:
    """What the data of a call to Results submits for the job of these terms; None if it is another call."""
    entry = interface("Results").functions["commitProven"]
    if data[:4] != entry.digest[:4]:
        return None
    try:
        found = _lenient().decode(types_of(entry.inputs), data[4:])
        terms, submission = Rfp.from_abi(found[0]), Submission.from_abi(found[1])
    except (DecodingError, ProtocolError, ValueError, OverflowError):
        return None
    return submission if terms == rfp else None


class _AnyPadding(ByteStringDecoder):
    """Bytes that may be followed by anything, as the contract takes them: odd padding shall hide nothing."""

    def read_data_from_stream(self, stream: ContextFramesBytesIO) -> bytes:
        size: int = decode_uint_256(stream)
        data: bytes = stream.read(size)
        if len(data) < size:
            raise InsufficientDataBytes(f"{size} bytes were announced and {len(data)} are there")
        return data


@cache
def _lenient() -> ABIDecoder:
    changed: ABIRegistry = registry.copy()  # type: ignore[no-untyped-call]
    changed.unregister_decoder("bytes")
    changed.register_decoder(BaseEquals("bytes", with_sub=False), _AnyPadding, label="bytes")  # type: ignore[no-untyped-call]
    return ABIDecoder(changed)
