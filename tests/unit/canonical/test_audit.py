"""The audit of a trace that doesn't fit into memory."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np

from atomic_verify.canonical.audit import Place, audit
from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.evaluate import PreparedProgram
from atomic_verify.canonical.program import Function, Opcode, Program
from atomic_verify.commitments import DType

ROWS = 2**12


def _program() -> Program:
    """Seven tensors of 8 MB each; products and sums among them."""
    builder = Builder()
    x = builder.input("x", DType.FLOAT, (ROWS, 256))
    y = builder.map(Function.ATAN, x)
    y = builder.matmul(y, builder.weight(np.random.default_rng(1).normal(size=(256, 256))))
    y = builder.map(Function.EXP, builder.map(Function.SIN, y))
    total = builder.reduce(Opcode.SUM, y, [1], keepdims=True)
    y = builder.concat([builder.map(Function.DIV, y, total), y], 1)
    return builder.finish([("y", y, DType.FLOAT, (ROWS, 512)), ("t", total, DType.FLOAT, (ROWS, 1))])


def test_memory_is_bounded_by_the_pieces_not_by_the_trace(tmp_path: Path) -> None:
    program = _program()
    item = {"x": np.random.default_rng(2).normal(size=(ROWS, 256)).astype(np.float32)}
    with PreparedProgram(program).evaluate(item, memory_limit=0, directory=tmp_path) as trace:
        assert program.trace_bytes > 5e7
        tracemalloc.start()
        try:
            assert audit(program, trace) is None
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < program.trace_bytes / 4
        # The very last element of every step, from the first on.
        for number, step in reversed([*enumerate(program.steps)]):
            changed = np.array(trace.tensor(number))
            changed.reshape(-1)[-1] *= 1 + 2**-20
            lied = replace(trace, tensors=(*trace.tensors[:number], changed, *trace.tensors[number + 1 :]))
            assert audit(program, lied) == Place(number, step.elements - 1)
