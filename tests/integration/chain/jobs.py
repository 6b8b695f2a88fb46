"""A model and an RFP for tests of the chain, and a market with a worker and a requester that can pay."""

from atomic_verify.chain.calls import Call
from atomic_verify.chain.client import Chain
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.ids import model_id
from atomic_verify.protocol.primitives import Address, Amount
from atomic_verify.protocol.types import (
    CriticalStep,
    Guarantee,
    Kind,
    ModelSpec,
    OutputTolerance,
    Rfp,
    TensorSig,
    Tolerance,
)

UNIT = 10**18
ZERO = Digest(bytes(32))
EXACT = Tolerance(0, 0)


def model() -> ModelSpec:
    return ModelSpec(
        program_root=ZERO,
        weights_root=ZERO,
        lowering_version=0,
        steps=0,
        weight_count=0,
        depth=0,
        void_only=False,
        onnx_digest=Digest(b"\x01" * 32),
        execution_digest=Digest(b"\x01" * 32),
        inputs=(TensorSig("x", 1, (1, 4)),),
        outputs=(TensorSig("y", 1, (1, 2)),),
        tolerances=(OutputTolerance(EXACT, EXACT),),
        critical=CriticalStep.none(),
    )


def rfp(requester: Address, token: Address, kind: Kind = Kind.AUCTION, nonce: int = 1) -> Rfp:
    auction = kind is Kind.AUCTION
    return Rfp(
        requester=requester,
        nonce=nonce,
        model_id=model_id(model()),
        input_root=Digest(b"\x02" * 32),
        item_count=3,
        token=token,
        max_price=Amount(UNIT),
        job_bond=Amount(UNIT),
        bidding_time=100 if auction else 0,
        reveal_time=100 if auction else 0,
        execution_timeout=1_000,
        challenge_window=50,
        guarantee=Guarantee.OPTIMISTIC,
        kind=kind,
    )


def fund(deployer: TransactionSender, chain: Chain, *accounts: TransactionSender) -> None:
    """Publishes the model; gives each account tokens, an allowance, and half of them as stake."""
    deployer.send("publish", chain.calls.publish(model(), "http://127.0.0.1/manifest"))
    token = chain.deployment.utility_token
    for account in accounts:
        deployer.send(f"gift:{account.address}", chain.calls.transfer_token(token, account.address, Amount(20 * UNIT)))
        steps: dict[str, Call] = {
            "approve": chain.calls.approve(token, Amount(20 * UNIT)),
            "stake": chain.calls.stake(Amount(10 * UNIT)),
        }
        for key, call in steps.items():
            account.send(key, call)
