"""Every call that a requester, worker or watcher makes, from the protocol's records; only here are ABI names spelt.

Life cycle: all steps that write the chain, in the order of a job's life; claims and lines are in `dispute_calls`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from atomic_verify.chain.call import Call, call_to
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.dispute_calls import DisputeCalls
from atomic_verify.chain.interface import interface
from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.primitives import Address, Amount
from atomic_verify.protocol.types import ModelSpec, Quote, Rfp, Submission

__all__ = ["Call", "Calls", "transfer"]


def transfer(to: Address, wei: int) -> Call:
    """Sends the chain's coin."""
    return Call("transfer", to, b"", wei)


@dataclass(frozen=True, slots=True)
class Calls:
    """Builds the calls to one deployment's contracts."""

    deployment: Deployment

    @property
    def disputes(self) -> DisputeCalls:
        """The calls about claims and lines."""
        return DisputeCalls(self.deployment)

    # Money that is not tied to a job

    def approve(self, token: Address, amount: Amount, spender: Address | None = None) -> Call:
        """Lets the market, or `spender`, take up to `amount` of the caller's tokens."""
        data = interface("UtilityToken").encode_call("approve", spender or self.deployment.market, amount)
        return Call("UtilityToken.approve", token, data)

    def transfer_token(self, token: Address, to: Address, amount: Amount) -> Call:
        return Call("UtilityToken.transfer", token, interface("UtilityToken").encode_call("transfer", to, amount))

    def stake(self, amount: Amount) -> Call:
        return self._call("Market", "stake", amount)

    def unbond(self, amount: Amount) -> Call:
        """Starts to take free stake out."""
        return self._call("Registry", "unbond", amount)

    def withdraw_stake(self) -> Call:
        """Pays the caller's unbonded stake out."""
        return self._call("Market", "withdrawStake")

    def withdraw(self, token: Address) -> Call:
        """Pays the caller's credit out."""
        return self._call("Market", "withdraw", token)

    def announce(self, endpoint: str) -> Call:
        """Tells where the caller serves its outputs and quotes."""
        return self._call("Registry", "announce", endpoint)

    def publish(self, spec: ModelSpec, uri: str) -> Call:
        return self._call("Models", "publish", spec.to_abi(), uri)

    # The life of a job

    def post(self, rfp: Rfp, input_uri: str) -> Call:
        return self._call("Market", "post", rfp.to_abi(), input_uri)

    def cancel(self, rfp: Rfp) -> Call:
        return self._call("Market", "cancel", rfp.to_abi())

    def bid(self, rfp: Rfp, seal: bytes) -> Call:
        """`seal` is `protocol.ids.bid_seal(...)`."""
        return self._call("Market", "bid", rfp.to_abi(), seal)

    def reveal(self, rfp: Rfp, price: Amount, salt: bytes) -> Call:
        return self._call("Market", "reveal", rfp.to_abi(), price, salt)

    def forfeit(self, rfp: Rfp, worker: Address) -> Call:
        return self._call("Market", "forfeit", rfp.to_abi(), worker)

    def award(self, rfp: Rfp, bidders: Sequence[Address]) -> Call:
        """`bidders` are all revealed bids' workers in ascending order of score."""
        return self._call("Market", "award", rfp.to_abi(), list(bidders))

    def award_quote(self, rfp: Rfp, quote: Quote, signature: bytes, input_uri: str) -> Call:
        return self._call("Market", "awardQuote", rfp.to_abi(), quote.to_abi(), signature, input_uri)

    def reassign(self, rfp: Rfp, bidders: Sequence[Address]) -> Call:
        """`bidders` are all remaining bids' workers in ascending order of score, the caller among them."""
        return self._call("Market", "reassign", rfp.to_abi(), list(bidders))

    def expire(self, rfp: Rfp) -> Call:
        return self._call("Market", "expire", rfp.to_abi())

    def release_bid(self, rfp: Rfp, worker: Address) -> Call:
        return self._call("Market", "releaseBid", rfp.to_abi(), worker)

    def commit(self, rfp: Rfp, root: Digest, payload_digest: Digest) -> Call:
        """`root` is the batch root of the outputs, `payload_digest` the sha256 of their payload."""
        return self._call("Results", "commit", rfp.to_abi(), root, payload_digest)

    def commit_proven(self, rfp: Rfp, submission: Submission) -> Call:
        """Commits a `hybrid` or `proven` result; the chain computes its root from the submitted payload."""
        return self._call("Results", "commitProven", rfp.to_abi(), submission.to_abi())

    def finalize(self, rfp: Rfp) -> Call:
        return self._call("Results", "finalize", rfp.to_abi())

    def _call(self, contract: str, function: str, *values: Any) -> Call:
        return call_to(self.deployment, contract, function, *values)
