"""A trace: all step tensors of one evaluation, in memory or, beyond a limit, in files.

What a claim commits to and the law judges. Files lie in a folder of their own that is removed with the trace.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from atomic_verify.canonical.buffers import Buffers
from atomic_verify.canonical.program import Array, Operand, Program, Scalar, Source, Step
from atomic_verify.canonical.widening import narrow, widen


class Layout(NamedTuple):
    """How a step's tensor lies in memory."""

    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    nbytes: int

    @classmethod
    def of(cls, step: Step) -> "Layout":
        return cls(step.shape, step.dtype.numpy, step.nbytes)


class Storage:
    """Where kept tensors lie: memory up to a limit, then memory-mapped files."""

    def __init__(
        self, memory_limit: int | None = None, directory: Path | None = None, buffers: Buffers | None = None
    ) -> None:
        """Without a limit nothing goes to disk. `directory` must exist; the system's temporary folder by default."""
        self._limit = memory_limit
        self._directory = directory
        self._buffers = buffers or Buffers()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.bytes_in_memory = 0
        self.bytes_on_disk = 0

    def allocate(self, number: int, layout: Layout) -> Array:
        """An array for a step's tensor, to be filled once."""
        if self._limit is None or self.bytes_in_memory + layout.nbytes <= self._limit:
            self.bytes_in_memory += layout.nbytes
            return self._buffers.empty(layout.shape, layout.dtype, layout.nbytes)
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="trace-", dir=self._directory)
        self.bytes_on_disk += layout.nbytes
        path = Path(self._folder.name) / str(number)
        flat = np.memmap(path, layout.dtype, "w+", shape=(layout.nbytes // layout.dtype.itemsize,))
        return np.asarray(flat).reshape(layout.shape)

    def temporary(self, layout: Layout) -> Array:
        """An array for a tensor that isn't kept."""
        return self._buffers.empty(layout.shape, layout.dtype, layout.nbytes)

    def close(self) -> None:
        """Remove the files; tensors in them mustn't be read any more."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The item's arrays in signature order, and each step's tensor (None where it wasn't kept)."""

    program: Program
    inputs: tuple[Array, ...]
    tensors: Sequence[Array | None]
    storage: Storage

    def __enter__(self) -> "Trace":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was written to disk."""
        self.storage.close()

    def tensor(self, step: int) -> Array:
        """The tensor of a step, in the step's shape; raises KeyError if it wasn't kept."""
        tensor = self.tensors[step]
        if tensor is None:
            raise KeyError(step)
        return tensor

    def elements(self, operand: Operand, first: int, count: int) -> list[Scalar]:
        """Elements of the operand's tensor, the item's widened; raises KeyError if a step's tensor wasn't kept."""
        run = slice(first, first + count)
        if operand.source is Source.INPUT:
            taken = widen(self.inputs[operand.tensor].reshape(-1)[run])
        elif operand.source is Source.WEIGHT:
            taken = self.program.weights[operand.tensor][run]
        else:
            taken = self.tensor(operand.tensor).reshape(-1)[run]
        found: list[Scalar] = taken.tolist()
        return found

    def outputs(self) -> dict[str, Array]:
        """The model's outputs by name, float64 or int64, in their declared shapes."""
        return {output.name: self.tensor(output.step).reshape(output.shape) for output in self.program.outputs}

    def answer(self) -> dict[str, Array]:
        """The outputs rounded to their declared types: always a right answer to the job."""
        named = self.outputs()
        return {output.name: narrow(named[output.name], output.dtype) for output in self.program.outputs}
