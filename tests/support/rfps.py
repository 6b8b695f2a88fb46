"""An RFP for tests to which it matters little what it asks for; `replace` what does."""

from typing import Final

from atomic_verify.protocol.primitives import parse_address
from atomic_verify.protocol.types import Guarantee, Kind, Rfp

AUCTION: Final = Rfp(
    requester=parse_address("0x" + "44" * 20),
    nonce=2**60,
    model_id=b"\x01" * 32,
    input_root=b"\x02" * 32,
    item_count=2,
    token=parse_address("0x" + "55" * 20),
    max_price=10**18,
    job_bond=10**18,
    bidding_time=10,
    reveal_time=10,
    execution_timeout=60,
    challenge_window=60,
    guarantee=Guarantee.OPTIMISTIC,
    kind=Kind.AUCTION,
)
