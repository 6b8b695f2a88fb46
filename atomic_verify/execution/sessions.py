"""Sessions: a model loaded, warm, and ready to run batches; the fast path of the execute step.

A batch is run from its payload without copies: each item's tensors are views into it. *Stacking* runs several items as
one tensor along the first axis. It is faster on a GPU and for tiny models, but means the same only if the graph treats
that axis as independent items. So it needs the manifest's hint, a graph that leaves the axis open, and a first stack
whose rows agree with the same items run alone; otherwise items are run one by one.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from atomic_verify.commitments import Batch, DType, Signature, TensorSpec, first_malformed_bool
from atomic_verify.commitments.tensors import Array
from atomic_verify.execution.errors import (
    BatchMismatch,
    ElementTypeUnsupported,
    ExecutionError,
    OutputMismatch,
    SessionRefused,
)
from atomic_verify.execution.providers import ExecutionSettings, Provider, open_session, provider_options
from atomic_verify.execution.record import Execution, ExecutionRecord, count_not_finite
from atomic_verify.execution.runtime import Runtime
from atomic_verify.models import Executable, InstalledModel

STACK_RTOL, STACK_ATOL = 1e-2, 1e-3
"""Rows of a stack that differ more from the same items alone show that the graph mixes items. Rounding differs less."""

ONNX_TYPES = {
    DType.FLOAT: "tensor(float)",
    DType.DOUBLE: "tensor(double)",
    DType.FLOAT16: "tensor(float16)",
} | {dtype: f"tensor({dtype.name.lower()})" for dtype in DType if dtype.name.startswith(("INT", "UINT", "BOOL"))}


class Session:
    """One model on one provider. Threads may share it."""

    def __init__(
        self,
        model: Executable,
        provider: Provider,
        settings: ExecutionSettings,
        runtime: Runtime,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Load the graph and run one item of zeros through it.

        Raises SessionRefused, ProviderInactive, ElementTypeUnsupported, OutputMismatch.
        """
        require_element_types(model.inputs, model.outputs)
        self.model, self.provider, self._settings = model, provider, settings
        self._runtime, self._clock = runtime, clock
        self._session = open_session(runtime, model.graph, provider, settings)
        self._require_signature()
        self._names = [spec.name for spec in model.outputs.specs]
        # What follows from the model alone is worked out once: a run of one small item counts in microseconds.
        self._columns = [_Column.of(spec, start) for spec, start in _placed(model.inputs)]
        self._results = [_Column.of(spec, start) for spec, start in _placed(model.outputs)]
        self._has_bools = any(spec.dtype is DType.BOOL for spec in model.inputs.specs)
        self._recorded = settings.as_dict() | provider_options(provider, settings)
        self._stack = self._allowed_stack()
        self._stack_proven = False
        self._run_rows(np.zeros((1, model.inputs.nbytes), dtype=np.uint8))

    @property
    def stack(self) -> int:
        """Most items that are run as one tensor."""
        return self._stack

    def run(self, batch: Batch, input_sha256: str | None = None) -> Execution:
        """Run every item of a batch. Raises BatchMismatch, OutputMismatch, ExecutionError."""
        if batch.signature != self.model.inputs:
            raise BatchMismatch("the batch has another signature than the model's input", model=self.model.name)
        return self.run_payload(batch.item_count, batch.payload, input_sha256)

    def run_payload(self, item_count: int, payload: bytes | memoryview, input_sha256: str | None = None) -> Execution:
        """Run `item_count` items of payload bytes. `input_sha256` is computed unless the caller knows it.

        Raises PayloadSizeError, BatchMismatch (a malformed bool), OutputMismatch, ExecutionError.
        """
        started = self._clock()
        output, stack = self.compute(item_count, payload)
        seconds = self._clock() - started
        record = ExecutionRecord(
            model=self.model.name,
            graph_sha256=self.model.graph_sha256,
            provider=str(self.provider),
            runtime=f"onnxruntime {self._runtime.__version__}",
            settings=self._recorded,
            isolation={},
            items=item_count,
            stack=stack,
            seconds=seconds,
            input_sha256=input_sha256 or hashlib.sha256(payload).hexdigest(),
            output_sha256=hashlib.sha256(output).hexdigest(),
            not_finite=count_not_finite(self.model.outputs, item_count, output),
        )
        return Execution(output, self.model.outputs, record)

    def compute(self, item_count: int, payload: bytes | memoryview) -> tuple[bytes, int]:
        """The output payload alone, and the largest stack that was run; raises what `run_payload` raises."""
        self.model.inputs.require_payload(item_count, len(payload))
        rows = np.frombuffer(payload, dtype=np.uint8).reshape(item_count, self.model.inputs.nbytes)
        if self._has_bools:
            require_bools(self.model.inputs, rows)
        pieces, stack = self._run_all(rows)
        return b"".join(pieces), stack

    def _run_all(self, rows: Array) -> tuple[list[memoryview], int]:
        """Output tensors in payload order, and the largest stack that was run."""
        pieces: list[memoryview] = []
        first = largest = 0
        while first < len(rows):
            count = min(self._usable_stack(rows[first : first + 2]), len(rows) - first)
            try:
                outputs = self._run_rows(rows[first : first + count])
            except ExecutionError:
                # Too much memory perhaps, or a graph that leaves the axis open in name only.
                if count == 1:
                    raise
                self._stack = count // 2
                continue
            pieces.extend(_interleave(outputs))
            first, largest = first + count, max(largest, count)
        return pieces, largest

    def _run_rows(self, rows: Array) -> list[Array]:
        """Outputs of the items in `rows` (uint8[items, item bytes]), each [items, *shape]; more than one is a stack."""
        feeds = {column.name: column.feed(rows) for column in self._columns}
        try:
            found = self._session.run(self._names, feeds)
        except Exception as error:
            # onnxruntime's errors have no class in common.
            raise ExecutionError(
                "onnxruntime gave up on an item", model=self.model.name, reason=str(error)[:500]
            ) from error
        return [column.check(array, len(rows)) for column, array in zip(self._results, found, strict=True)]

    def _usable_stack(self, rows: Array) -> int:
        """How many items the next run may take; the first time it is asked it finds out whether stacking is sound."""
        if len(rows) > 1 and self._stack > 1 and not self._stack_proven:
            self._stack_proven = self._stack_agrees(rows[:2])
            self._stack = self._stack if self._stack_proven else 1
        return self._stack

    def _stack_agrees(self, rows: Array) -> bool:
        """Whether two items run as one tensor give what each gives alone."""
        alone = [self._run_rows(rows[item : item + 1]) for item in (0, 1)]
        try:
            together = self._run_rows(rows)
        except ExecutionError:
            return False
        return all(
            np.allclose(output[item], alone[item][position][0], STACK_RTOL, STACK_ATOL, equal_nan=True)
            for position, output in enumerate(together)
            for item in (0, 1)
        )

    def _allowed_stack(self) -> int:
        """The most items at once that settings, manifest and graph allow."""
        hint = self.model.stacking.cuda if self.provider is Provider.CUDA else self.model.stacking.cpu
        tensors = [*self._session.get_inputs(), *self._session.get_outputs()]
        is_open = all(tensor.shape and not isinstance(tensor.shape[0], int) for tensor in tensors)
        specs = (*self.model.inputs.specs, *self.model.outputs.specs)
        is_single = all(spec.shape and spec.shape[0] == 1 for spec in specs)
        return min(self._settings.stack or hint, hint) if is_open and is_single else 1

    def _require_signature(self) -> None:
        inputs, outputs = self.model.inputs.specs, self.model.outputs.specs
        for what, specs, found in (
            ("inputs", inputs, self._session.get_inputs()),
            ("outputs", outputs, self._session.get_outputs()),
        ):
            wanted = {spec.name: ONNX_TYPES[spec.dtype] for spec in specs}
            types = {tensor.name: tensor.type for tensor in found}
            if wanted != types:
                raise SessionRefused(f"the graph's {what} aren't the manifest's", expected=wanted, found=types)


class SessionPool:
    """Warm sessions by graph, the least recently used closed first. Threads may share it."""

    def __init__(self, provider: Provider, settings: ExecutionSettings, runtime: Runtime, capacity: int = 4) -> None:
        self.provider, self._settings, self._runtime, self._capacity = provider, settings, runtime, capacity
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = Lock()

    def get(self, model: InstalledModel) -> Session:
        """The model's session, opened if need be. Raises what `Session` and `InstalledModel.executable` raise."""
        key = model.manifest.graph.sha256 + model.model_id.hex()
        with self._lock:
            session = self._sessions.pop(key, None)
            if session is None:
                session = Session(model.executable(), self.provider, self._settings, self._runtime)
            self._sessions[key] = session
            while len(self._sessions) > self._capacity:
                self._sessions.popitem(last=False)
            return session


def require_element_types(inputs: Signature, outputs: Signature) -> None:
    """Raise ElementTypeUnsupported for a tensor that can't cross between numpy and onnxruntime."""
    for spec in (*inputs.specs, *outputs.specs):
        if spec.dtype not in ONNX_TYPES:
            raise ElementTypeUnsupported(
                f"tensor {spec.name!r} is {spec.dtype.name.lower()}",
                hint="cast it inside the graph, to float32 for example",
            )


def require_bools(signature: Signature, rows: Array) -> None:
    """Raise BatchMismatch for a bool byte above 1 in any item; a kernel could take it for anything."""
    for spec, start in _placed(signature):
        if spec.dtype is DType.BOOL:
            element = first_malformed_bool(spec, np.ascontiguousarray(rows[:, start : start + spec.nbytes]).data)
            if element is not None:
                raise BatchMismatch(
                    f"bool tensor {spec.name!r} holds a byte other than 0 and 1", item=element // spec.elements
                )


@dataclass(frozen=True, slots=True)
class _Column:
    """One tensor of every item: bytes `start` to `stop` of an item's payload."""

    name: str
    start: int
    stop: int
    dtype: "np.dtype[Any]"
    shape: tuple[int, ...]

    @classmethod
    def of(cls, spec: TensorSpec, start: int) -> "_Column":
        return cls(spec.name, start, start + spec.nbytes, spec.dtype.numpy, spec.shape)

    def stacked(self, items: int) -> tuple[int, ...]:
        """The tensor's shape when `items` of it are stacked along the first axis, which has length 1 in each."""
        return self.shape if items == 1 else (items, *self.shape[1:])

    def feed(self, rows: Array) -> Array:
        """The tensor of the items in `rows` (uint8[items, item bytes]); a view unless that isn't contiguous."""
        column = np.ascontiguousarray(rows[:, self.start : self.stop]).view(self.dtype)
        # A view into the payload may start at any byte; kernels want whole elements.
        aligned = column if column.flags.aligned else column.copy()
        return aligned.reshape(self.stacked(len(rows)))

    def check(self, array: Any, items: int) -> Array:
        """An output as [items, *shape], C order; raises OutputMismatch for anything that isn't as declared."""
        shape = self.stacked(items)
        if not isinstance(array, np.ndarray) or array.dtype != self.dtype or array.shape != shape:
            found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise OutputMismatch(
                f"output {self.name!r} is {found}, the model declares {self.dtype} {shape}", name=self.name
            )
        return np.ascontiguousarray(array).reshape(items, *self.shape)


def _interleave(outputs: list[Array]) -> Iterable[memoryview]:
    """The bytes of outputs [items, *shape] in payload order: item after item, in each tensor after tensor."""
    if len(outputs) == 1:
        return [outputs[0].data]
    return [output[item : item + 1].data for item in range(len(outputs[0])) for output in outputs]


def _placed(signature: Signature) -> Iterable[tuple[TensorSpec, int]]:
    return zip(signature.specs, signature.offsets, strict=True)
