"""Gas of judging one element by the referee contract, as real transactions on a development chain.

The program is as deep as large models' are (1,024 steps, tensors of 16,384 leaves), made by the lowering's own builder,
so that proofs have the length that they'd have and segments lie where the lowering puts them.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.evidence import Case
from atomic_verify.canonical.program import DType64, Function, Guard, Opcode, Operand, Program, Source, Step
from atomic_verify.canonical.records import MAX_RECORD_BYTES, encode_step
from atomic_verify.canonical.validity import require_valid
from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer
from atomic_verify.chain.artifacts import load
from atomic_verify.chain.interface import build
from atomic_verify.commitments import DType
from bench.figures import Figure

ROWS, TERMS, STEPS = 2048, 512, 1024
ODD_TERMS = 449  # the longest segments that the lowering lets start anywhere
RANK, PARTS, GUARDS = 10, 16, 3
DOT_GOAL, ONE_GOAL = 500_000.0, 160_000.0
GOALS = {"dot K=512": DOT_GOAL, "dot K=449": DOT_GOAL, "copy": ONE_GOAL, "map": ONE_GOAL}
GAS_LIMIT = hex(16_000_000)


def measure(root: Path) -> Iterator[Figure]:
    """Gas of each kind of judgement; the dearest of three elements."""
    program, judged = _program()
    random = np.random.default_rng(1)
    item = {spec.name: random.normal(size=spec.shape).astype(spec.dtype.numpy) for spec in program.inputs}
    face = build(load("Referee"))
    with evaluate(program, item) as trace, Anvil(AnvilOptions()) as anvil:
        case, address = Case(program, trace), _deployed(anvil)
        for name, step in judged.items():
            elements = random.integers(program.steps[step].elements, size=3).tolist()
            costs = []
            for element in elements:
                call = face.encode_call("judge", case.evaluation(), case.evidence(step, element).to_abi())
                costs.append(_gas(anvil, address, call))
            yield Figure("referee", f"judge: {name}", max(costs), "gas", GOALS.get(name))
        worst = len(program.steps) - 1
        call = face.encode_call(
            "judgeRecord", case.evaluation(), worst, case.record(worst), list(case.record_path(worst))
        )
        yield Figure("referee", "judge a record: longest", _gas(anvil, address, call), "gas")
        yield Figure("referee", "longest valid record", len(case.record(worst)), "bytes")


def _program() -> tuple[Program, dict[str, int]]:
    """A program, and by name the steps to be judged."""
    builder = Builder()
    random = np.random.default_rng(0)
    x = builder.input("x", DType.DOUBLE, (ROWS, TERMS))
    odd = builder.input("odd", DType.DOUBLE, (ROWS, ODD_TERMS))
    doubled = builder.map(Function.ADD, x, x)
    made = {
        "dot K=512": builder.matmul(doubled, builder.weight(random.normal(size=(TERMS, ROWS)))),
        "dot K=449": builder.matmul(odd, builder.weight(random.normal(size=(ODD_TERMS, ROWS)))),
        "sum K=512": builder.reduce(Opcode.SUM, doubled, [1]),
        "max K=512": builder.reduce(Opcode.MAX, doubled, [1]),
        "copy": builder.copy(doubled.perm([1, 0])),
        "map": builder.map(Function.EXP, doubled),
        "map of two tensors": builder.map(Function.MUL, doubled, odd.take(1, 0, 1).expand((ROWS, TERMS))),
    }
    last = made["sum K=512"]
    for _ in range(STEPS - 1 - len(builder.steps)):
        last = builder.map(Function.ADD, last, builder.scalar(1.0))
    outputs = [(name, view, DType.DOUBLE, view.shape) for name, view in made.items()]
    program = builder.finish([*outputs, ("last", last, DType.DOUBLE, last.shape)])
    judged = {output.name: output.step for output in program.outputs[:-1]}
    program = replace(program, steps=(*program.steps, _worst(program)))
    require_valid(program)
    return program, judged | {"longest record": len(program.steps) - 1}


def _worst(program: Program) -> Step:
    """A step whose record is as long as any valid one: joined of 16 guarded parts of rank 10."""
    elements = program.steps[0].elements
    # Dimensions of size 1 count for nothing, so that any number may stand there.
    anything = tuple(-(3**n) * 7**16 for n in range(1, RANK))
    guards = (Guard(3**38, (0, *anything), 3**39),) * GUARDS
    part = Operand(Source.STEP, DType64.FLOAT, 0, elements, 7, (1, *anything), guards, 0.1)
    shape = (PARTS, *(1 for _ in range(RANK - 1)))
    step = Step(Opcode.CONCAT, DType64.FLOAT, shape, (part,) * PARTS, splits=tuple(range(1, PARTS + 1)))
    assert len(encode_step(step)) == MAX_RECORD_BYTES
    return step


def _deployed(anvil: Anvil) -> str:
    data = "0x" + load("Referee").bytecode.hex()
    return str(_mined(anvil, {"data": data})["contractAddress"])


def _gas(anvil: Anvil, address: str, call: bytes) -> int:
    receipt = _mined(anvil, {"to": address, "data": "0x" + call.hex()})
    if receipt["status"] != "0x1":
        raise RuntimeError("the referee reverted")
    return int(receipt["gasUsed"], 16)


def _mined(anvil: Anvil, transaction: dict[str, str]) -> dict[str, str]:
    sender = development_signer(0).address
    sent = anvil.request("eth_sendTransaction", {"from": sender, "gas": GAS_LIMIT, **transaction})
    receipt = None
    while receipt is None:  # a busy machine mines a moment after it answered
        receipt = anvil.request("eth_getTransactionReceipt", sent)
    return dict(receipt)
