"""A request's plan: all that is needed to put it on the chain, written down before anything is sent.

Life cycle: post. The job's id is the hash of the plan's terms, so it is known before the chain knows the job.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atomic_verify.chain.calls import Call, Calls
from atomic_verify.protocol.types import Kind, Quote, Rfp


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be sent for a request; `quote` and `signature` are the chosen worker's, for an RFP of that kind."""

    rfp: Rfp
    input_uri: str
    quote: Quote | None = None
    signature: bytes = b""

    def call(self, calls: Calls) -> Call:
        """The one transaction that puts the job on the chain."""
        if self.rfp.kind is Kind.QUOTE and self.quote is not None:
            return calls.award_quote(self.rfp, self.quote, self.signature, self.input_uri)
        return calls.post(self.rfp, self.input_uri)

    def to_json(self) -> dict[str, Any]:
        return {
            "rfp": self.rfp.to_json(),
            "inputUri": self.input_uri,
            "quote": None if self.quote is None else self.quote.to_json(),
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Plan":
        """The plan that `to_json` wrote."""
        quote = raw["quote"]
        return cls(
            rfp=Rfp.from_json(raw["rfp"]),
            input_uri=raw["inputUri"],
            quote=None if quote is None else Quote.from_json(quote),
            signature=bytes.fromhex(raw["signature"][2:]),
        )
