"""Withdraw: take the worker's credit out of the market, when it is worth the transaction.

Life cycle: settle. Not about one job: credits of many add up. An idle worker is content with a tenth of the threshold.
"""

from collections.abc import Sequence

from atomic_verify.protocol.primitives import Address, Amount
from atomic_verify.storage.records import CreditRecord
from prover.tools import Tools

NAME = "withdraw"


def due(owed: Sequence[CreditRecord], threshold: Amount, *, is_idle: bool) -> tuple[Address, ...]:
    """The tokens of which more is owed than `threshold` base units, or than a tenth of it to an idle worker."""
    enough = threshold // 10 if is_idle else threshold
    return tuple(credit.token for credit in owed if credit.amount > enough)


def act(token: Address, tools: Tools) -> None:
    """Withdraws all credit in the token. Raises what the sender raises."""
    key = tools.next_key(f"withdraw:{token.lower()}")
    tools.submit_once(NAME, key, tools.calls.withdraw(token))
