"""What bonds and prefunds are paid from: the account's credit in the market first, then its tokens.

Life cycle: claim, line. The market may take the account's tokens only as far as it is allowed to; the allowance is
given when it is first needed.
"""

from typing import Any

from atomic_verify.chain.client import Chain
from atomic_verify.protocol.intents import IntentState
from atomic_verify.protocol.move_types import Move
from atomic_verify.protocol.moves import funds_needed
from atomic_verify.protocol.primitives import Address, Amount
from atomic_verify.protocol.types import DisputeParams

ALLOWANCE = Amount(2**127)


class ChainPurse:
    """The purse of one account. Used by one thread."""

    def __init__(self, chain: Chain, account: Address, params: DisputeParams, sender: Any) -> None:
        self._chain = chain
        self._account = account
        self._params = params
        self._sender = sender

    def covers(self, move: Move, depth: int, promised: Amount = Amount(0)) -> bool:
        """Whether the account has what the move locks beside what is `promised` to other moves; sees to the allowance.

        Raises what reading the chain and the sender raise.
        """
        locked = funds_needed(move, self._params, depth)
        if locked == 0:
            return True
        needed = Amount(locked + promised)
        chain, account = self._chain, self._account
        credit = chain.credit_of(account)
        if credit >= needed:
            return True
        if credit + chain.balance_of(account) < needed:
            return False
        if credit + chain.allowance_of(account) < needed:
            self._sender.submit(self._key(), chain.calls.approve(chain.deployment.utility_token, ALLOWANCE))
        return True

    def _key(self) -> str:
        number = 0
        while (known := self._sender.intent(f"approve:{number}")) is not None and known.state is IntentState.FINAL:
            number += 1
        return f"approve:{number}"
