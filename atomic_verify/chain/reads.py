"""What the contracts of a deployment say: stakes, models, jobs, results, claims, lines, and their constants.

Life cycle: all steps; the part of `client` that knows the contracts' views. Reads are of the newest block unless a
block number is given; amounts are base units, times Unix seconds.
"""

from typing import Any, TypeVar

from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.errors import ChainMoved, RpcRefused
from atomic_verify.chain.interface import interface
from atomic_verify.chain.reverts import as_revert
from atomic_verify.chain.rpc import Rpc
from atomic_verify.chain.submissions import submission_in
from atomic_verify.protocol.dispute_types import Claim, ClaimTerms, DisputeParams, Line
from atomic_verify.protocol.primitives import ZERO_ADDRESS, Address, Amount, JobId, ModelId
from atomic_verify.protocol.structs import AbiStruct
from atomic_verify.protocol.types import (
    Bid,
    Job,
    MarketParams,
    ModelRecord,
    Reputation,
    Result,
    Rfp,
    Stake,
    Strikes,
    Submission,
    TokenPolicy,
    Unbonding,
)

Struct = TypeVar("Struct", bound=AbiStruct)


class ContractReads:
    """Reads of one deployment through one node. Raises ChainUnavailable, RpcRefused, Reverted in every method."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self.rpc = rpc
        self.deployment = deployment

    # Workers

    def stake_of(self, worker: Address) -> Stake:
        return self._struct(Stake, "Registry", "stakeOf", worker)

    def free_stake_of(self, worker: Address) -> Amount:
        """Stake that can back a new bond."""
        return Amount(self._one("Registry", "freeStakeOf", worker))

    def unbonding_of(self, worker: Address) -> Unbonding:
        return self._struct(Unbonding, "Registry", "unbondingOf", worker)

    def unbonding_time(self) -> int:
        return int(self._one("Registry", "unbondingTime"))

    def reputation_of(self, worker: Address) -> Reputation:
        return self._struct(Reputation, "Registry", "reputationOf", worker)

    def strikes_of(self, worker: Address) -> Strikes:
        return self._struct(Strikes, "Registry", "strikesOf", worker)

    # Models, jobs, results

    def model_of(self, model: ModelId) -> ModelRecord:
        return self._struct(ModelRecord, "Models", "recordOf", model)

    def job_of(self, job: JobId, block: int | None = None) -> Job:
        return self._struct(Job, "Market", "jobOf", job, block=block)

    def bid_of(self, job: JobId, worker: Address) -> Bid:
        return self._struct(Bid, "Market", "bidOf", job, worker)

    def result_of(self, job: JobId, block: int | None = None) -> Result:
        return self._struct(Result, "Results", "resultOf", job, block=block)

    def submission_of(self, tx_hash: str, rfp: Rfp) -> Submission | None:
        """What a transaction submitted as the proven result of a job. None if it didn't call Results itself: then it
        can't be told. Raises ChainMoved when the node doesn't have the transaction.
        """
        found = self.rpc.call("eth_getTransactionByHash", [tx_hash])
        if found is None:
            raise ChainMoved("The node doesn't have the transaction", hint="Ask again.", transaction=tx_hash)
        if str(found.get("to")).lower() != self.deployment.results.lower():
            return None
        return submission_in(bytes.fromhex(str(found["input"])[2:]), rfp)

    def final_at(self, rfp: Rfp) -> int:
        """When a committed job can be finalized. Raises Reverted when it isn't committed, or is final already."""
        return int(self._one("Results", "finalAt", rfp.to_abi()))

    def claim_reveal_time(self) -> int:
        return int(self._one("Results", "claimRevealTime"))

    def has_disputes(self) -> bool:
        """Whether a disputes contract can judge results: whether Results was deployed with one."""
        return str(self._one("Results", "disputes")) != ZERO_ADDRESS

    def params(self) -> MarketParams:
        return self._struct(MarketParams, "Market", "params")

    def policy_of(self, token: Address) -> TokenPolicy:
        return self._struct(TokenPolicy, "Market", "policyOf", token)

    # Claims and lines

    def dispute_params(self) -> DisputeParams:
        return self._struct(DisputeParams, "Disputes", "params")

    def seal_bond(self) -> Amount:
        """What sealing a claim locks."""
        return Amount(self._one("Disputes", "sealBond"))

    def line_reserve(self, depth: int) -> Amount:
        """What revealing a claim locks besides, for a model of this depth."""
        return Amount(self._one("Disputes", "lineReserve", depth))

    def sealed_at(self, claimer: Address, seal: bytes) -> int | None:
        """When an account made a seal; None if it didn't, or if the seal is used."""
        return int(self._one("Disputes", "sealedAt", claimer, seal)) or None

    def seal_of(self, claimer: Address, terms: ClaimTerms, salt: bytes) -> bytes:
        return bytes(self._one("Disputes", "sealOf", claimer, terms.to_abi(), salt))

    def claim_of(self, claim: int, block: int | None = None) -> Claim:
        return self._struct(Claim, "Disputes", "claimOf", claim, block=block)

    def line_of(self, line: int, block: int | None = None) -> Line:
        return self._struct(Line, "Disputes", "lineOf", line, block=block)

    def is_invalid(self, model: ModelId) -> bool:
        """Whether the model was shown to be invalid."""
        return bool(self._one("Disputes", "isInvalid", model))

    def dispute_bonds(self) -> Amount:
        """What the market holds for claims and lines that are open."""
        return Amount(self._one("Market", "disputeBonds"))

    def _asked(self, method: str, params: list[Any]) -> Any:
        try:
            return self.rpc.call(method, params)
        except RpcRefused as error:
            refusal = as_revert(error)
            if refusal is None:
                raise
            raise refusal from None

    def _read(
        self, contract: str, function: str, *values: Any, at: Address | None, block: int | None
    ) -> tuple[Any, ...]:
        face = interface(contract)
        to = at or self.deployment.address(contract)
        data = "0x" + face.encode_call(function, *values).hex()
        answer = self._asked("eth_call", [{"to": to, "data": data}, block_tag(block)])
        return face.decode_answer(function, bytes.fromhex(answer[2:]))

    def _one(self, contract: str, function: str, *values: Any, at: Address | None = None) -> Any:
        return self._read(contract, function, *values, at=at, block=None)[0]

    def _struct(
        self, struct: type[Struct], contract: str, function: str, *values: Any, block: int | None = None
    ) -> Struct:
        return struct.from_abi(self._read(contract, function, *values, at=None, block=block)[0])


def block_tag(block: int | None) -> str:
    """How a node is told which block to answer for: the newest, or one by number."""
    return "latest" if block is None else hex(block)
