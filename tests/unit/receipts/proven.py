"""Receipts of items that are proven, with the chain that agrees with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from atomic_verify.commitments import Batch, DType, TensorSpec, encode_batch
from atomic_verify.protocol.ids import job_id, model_id
from atomic_verify.protocol.primitives import ZERO_WORD, parse_address, to_hex
from atomic_verify.protocol.proofs import Proven, pack, proven_of
from atomic_verify.protocol.types import (
    CriticalKind,
    CriticalStep,
    Guarantee,
    ModelSpec,
    OutputTolerance,
    Rfp,
    TensorSig,
    Tolerance,
    float_bits,
)
from atomic_verify.receipts import Receipt, build_receipt
from atomic_verify.receipts.receipt import Contracts
from tests.support.rfps import AUCTION
from tests.unit.receipts.recorded import CHAIN_ID, MARKET, RESULTS, WORKER, RecordedChain, event_of

CODE = b"\xc0" * 32
VERIFIER = parse_address("0x" + "77" * 20)
STEP = CriticalStep(CriticalKind.HEAD, False, b"\x01" * 32, b"\x02" * 32, CODE, 3, 2, 1_000, 4)
FEATURES, SCORES = TensorSpec("features", DType.FLOAT, (1, 4)), TensorSpec("scores", DType.FLOAT, (1, 3))

Items = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """A job whose items are proven, its receipts, and its chain."""

    spec: ModelSpec
    rfp: Rfp
    inputs: Batch
    outputs: Batch
    proven: list[Proven]
    snarks: list[bytes]
    chain: RecordedChain

    def receipt(self, index: int, *, is_final: bool = True, snark: bool = True) -> Receipt:
        events = {event.name: event for event in self.chain.events}
        return build_receipt(
            chain_id=CHAIN_ID,
            contracts=Contracts(market=MARKET, results=RESULTS),
            rfp=self.rfp,
            spec=self.spec,
            index=index,
            inputs=self.inputs,
            outputs=self.outputs,
            committed=events["Committed"],
            proven=events["Proven"],
            snark=self.snarks[index] if snark else None,
            finalized=events["Finalized"] if is_final else None,
        )


def head_case(step: CriticalStep = STEP) -> Case:
    """A hybrid job of three items; the decision of the second isn't certain."""
    rng = np.random.default_rng(3)
    quanta = ([1, 9, 2], [5, 1, 3], [-9, -8, 7])
    outputs = [
        {
            "features": rng.normal(0, 9, (1, 4)).astype(np.float32),
            "scores": (np.array([row], np.float32) / 4).astype(np.float32),
        }
        for row in quanta
    ]
    inputs = [{"x": rng.integers(0, 9, (5,), dtype=np.int32)} for _ in quanta]
    specs = ([TensorSpec("x", DType.INT32, (5,))], [FEATURES, SCORES])
    return make_case(step, specs, inputs, outputs, [f"proof {at}".encode() for at in range(3)])


def whole_case() -> Case:
    """A proven job of two items."""
    step = replace(STEP, kind=CriticalKind.WHOLE)
    inputs = [{"features": np.array([[at, 1.5, -2.25, 1e9]], np.float32)} for at in range(2)]
    outputs = [{"scores": np.array([[at, 3.25, -1]], np.float32)} for at in range(2)]
    return make_case(step, ([FEATURES], [SCORES]), inputs, outputs, [b"first", b"second"])


def make_case(
    step: CriticalStep,
    specs: tuple[list[TensorSpec], list[TensorSpec]],
    inputs: Items,
    outputs: Items,
    snarks: list[bytes],
    verifier: str = VERIFIER,
    spec: ModelSpec | None = None,
) -> Case:
    """Such a job, settled on a chain whose verifier takes exactly these proofs. `spec`: of a real model."""
    is_whole = step.kind is CriticalKind.WHOLE
    batches = [
        Batch.from_payload(side, len(inputs), encode_batch(side, items))
        for side, items in zip(specs, (inputs, outputs), strict=True)
    ]
    spec = spec or _spec(step, specs)
    rfp = _rfp(spec, batches[0], Guarantee.PROVEN if is_whole else Guarantee.HYBRID)
    read, scores = (specs[0] if is_whole else specs[1])[0].name, specs[1][-1].name
    proven = [
        proven_of(step, (given if is_whole else made)[read], made[scores])
        for given, made in zip(inputs, outputs, strict=True)
    ]
    job, root = to_hex(job_id(CHAIN_ID, MARKET, rfp)), to_hex(batches[1].root)
    end = 10 if is_whole else 20
    commit = {"job": job, "worker": WORKER.lower(), "attempt": 1, "root": root, "payloadDigest": "0x" + "ab" * 32}
    verdict = {"slashed": False, "voidItems": 0, "challenger": "0x" + "00" * 20, "costs": 0}
    decisions = pack([one.decision for one in proven])
    events = [
        event_of("Committed", 10, {**commit, "finalAt": 1010 if is_whole else 1080}),
        event_of("Proven", 10, {"job": job, "verifier": verifier.lower(), "decisions": decisions}),
        event_of("Finalized", end, {"job": job, "root": root, "verdict": verdict}),
        event_of("Settled", end, {"job": job, "state": 4}, "Market"),
    ]
    proofs = [(snark, one.instances) for snark, one in zip(snarks, proven, strict=True)]
    chain = RecordedChain(events, codes={verifier.lower(): step.verifier_code}, proofs=proofs)
    return Case(spec, rfp, batches[0], batches[1], proven, snarks, chain)


def _spec(step: CriticalStep, specs: tuple[list[TensorSpec], list[TensorSpec]]) -> ModelSpec:
    is_head = step.kind is CriticalKind.HEAD
    given, made = (tuple(TensorSig(t.name, int(t.dtype), t.shape) for t in side) for side in specs)
    near = (Tolerance(float_bits(0.5), 0), Tolerance(float_bits(1.0), 0)) if is_head else (Tolerance(0, 0),) * 2
    return ModelSpec(
        program_root=b"\x05" * 32 if is_head else ZERO_WORD,
        weights_root=ZERO_WORD,
        lowering_version=int(is_head),
        steps=int(is_head),
        weight_count=0,
        depth=int(is_head),
        void_only=False,
        onnx_digest=b"\x01" * 32,
        execution_digest=b"\x01" * 32,
        inputs=given,
        outputs=made,
        tolerances=(OutputTolerance(*near),) * len(made),
        critical=step,
    )


def _rfp(spec: ModelSpec, inputs: Batch, guarantee: Guarantee) -> Rfp:
    return replace(
        AUCTION,
        model_id=model_id(spec),
        input_root=inputs.root,
        item_count=inputs.item_count,
        guarantee=guarantee,
    )
