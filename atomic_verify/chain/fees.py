"""What to pay for gas: EIP-1559 fees under a cap, and how much more when a transaction doesn't get through.

Life cycle: every transaction. All amounts are wei per gas. The *base fee* burns and every block sets it anew; the
*priority fee* is the miner's; *max fee* bounds both together.
"""

from dataclasses import dataclass
from typing import Final

from atomic_verify.chain.errors import FeeCapExceeded

NODE_BUMP_PERCENT: Final = 10
"""Nodes refuse a replacement that doesn't raise both fees by this much."""


@dataclass(frozen=True, slots=True)
class Fees:
    """The two fees of a transaction."""

    max_fee: int
    priority_fee: int


def choose(base_fee: int, priority_fee: int, cap: int) -> Fees:
    """Fees that stay good for six full blocks in a row (the base fee grows by an eighth at most), under the cap.

    Raises FeeCapExceeded when the cap is below what the next block asks for.
    """
    if base_fee + 1 > cap:
        raise FeeCapExceeded(
            "Gas is dearer than the configured cap",
            hint="Wait, or raise the cap of the fee.",
            base_fee=base_fee,
            cap=cap,
        )
    max_fee = min(2 * base_fee + priority_fee, cap)
    return Fees(max_fee, min(priority_fee, max_fee))


def raised(old: Fees, base_fee: int, priority_fee: int, percent: int, cap: int) -> Fees | None:
    """Fees that replace `old` in a node's pool and suit the chain now; None when the cap leaves no room for them."""
    max_fee = min(max(_grown(old.max_fee, percent), 2 * base_fee + priority_fee), cap)
    tip = min(max(_grown(old.priority_fee, percent), priority_fee), max_fee)
    if max_fee < _grown(old.max_fee, NODE_BUMP_PERCENT) or tip < _grown(old.priority_fee, NODE_BUMP_PERCENT):
        return None
    return Fees(max_fee, tip)


def _grown(fee: int, percent: int) -> int:
    """`fee` raised by `percent`, rounded up, by 1 at least."""
    return max(fee + 1, (fee * (100 + percent) + 99) // 100)
