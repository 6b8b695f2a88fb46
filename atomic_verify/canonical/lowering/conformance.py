"""ONNX's own single-node tests against the lowering: each passes or is refused with a reason; none may be wrong.

The cases ship in the `onnx` package. An input that must be known without the item (a shape, axes) is made an
initializer. Shapes and types must be exact, integers exact, floats within 1e-5 relative (float16 2e-3, bfloat16 one
unit in the last place).
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from atomic_verify.canonical.errors import RecordInvalid, Unsupported
from atomic_verify.canonical.evaluate import Keep, evaluate
from atomic_verify.canonical.lowering import NotConstant, lower
from atomic_verify.canonical.program import Array
from atomic_verify.commitments import DType

_TOLERANCE = {"float16": 2e-3, "bfloat16": 2.0**-7}
_DEFAULT_TOLERANCE = 1e-5
# The expected values of this case stand in onnx's source with four decimals.
_FOUR_DECIMALS = {"test_averagepool_2d_ceil_last_window_starts_on_pad"}
_NO_TENSOR = "sequences, maps and optionals aren't supported"
# Expected values are float32's; where they cancel, their error is relative to the largest.
_ABSOLUTE = 0.1


class Verdict(Enum):
    """What became of a case."""

    PASSED = "passed"
    REFUSED = "refused"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Case:
    """One of ONNX's node tests: a model, its inputs and what they must give (arrays, or other Python objects)."""

    name: str
    model: ModelProto
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]

    @property
    def operator(self) -> str:
        return str(self.model.graph.node[0].op_type)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case's verdict, with the reason for a refusal or what was wrong."""

    case: str
    operator: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Conformance:
    """All outcomes."""

    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> int:
        return sum(outcome.verdict is Verdict.PASSED for outcome in self.outcomes)

    @property
    def refused(self) -> dict[str, int]:
        """Refusals by operator and reason, most frequent first."""
        found = Counter(f"{o.operator}: {o.reason}" for o in self.outcomes if o.verdict is Verdict.REFUSED)
        return dict(found.most_common())

    @property
    def wrong(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.verdict is Verdict.WRONG)


def cases() -> Iterator[Case]:
    """All single-node cases of the installed onnx."""
    from onnx.backend.test.case.node import collect_testcases  # noqa: PLC0415  takes seconds, and makes all cases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collected = collect_testcases(None)
    for item in collected:
        if item.model is not None and len(item.model.graph.node) == 1 and item.data_sets:
            inputs, outputs = item.data_sets[0]
            yield Case(item.name, item.model, tuple(map(_array, inputs)), tuple(map(_array, outputs)))


def _array(item: Any) -> Any:
    """Types that numpy lacks come as ONNX's own tensors."""
    return numpy_helper.to_array(item) if isinstance(item, TensorProto) else item


def run(operators: frozenset[str] = frozenset()) -> Conformance:
    """Every case, or those of some operators."""
    return Conformance(tuple(judge(case) for case in cases() if not operators or case.operator in operators))


def judge(case: Case) -> Outcome:
    """Lowers, evaluates and compares one case."""
    excluded = _excluded(case)
    if excluded:
        return Outcome(case.name, case.operator, Verdict.REFUSED, excluded)
    try:
        wrong = _compare(case)
    except Unsupported as error:
        # That a program came out which the referee wouldn't judge is no refusal, but our mistake.
        verdict = Verdict.WRONG if isinstance(error.__cause__, RecordInvalid) else Verdict.REFUSED
        return Outcome(case.name, case.operator, verdict, _reason(error, case))
    except Exception as error:  # anything else is what this suite looks for
        wrong = f"{type(error).__name__}: {error}"
    return Outcome(case.name, case.operator, Verdict.WRONG if wrong else Verdict.PASSED, wrong)


def _reason(error: Unsupported, case: Case) -> str:
    inner = error.operator if error.operator != case.operator else ""
    return " ".join(part for part in (inner, error.attribute, error.reason) if part)


def _excluded(case: Case) -> str:
    """Why a case has nothing to be compared: canonical values are finite numbers."""
    if any(info.type.WhichOneof("value") != "tensor_type" for info in case.model.graph.input):
        return _NO_TENSOR
    for item in (*case.inputs, *case.outputs):
        if not isinstance(item, (np.ndarray, np.generic, float, int)):
            return _NO_TENSOR
        array = np.asarray(item)
        if array.dtype.kind in "OUSTc":
            return "strings and complex numbers aren't supported"
        if _is_float(array) and not np.isfinite(array.astype(np.float64)).all():
            return "non-finite"
    return ""


def _is_float(array: Array) -> bool:
    return array.dtype.kind == "f" or "float" in array.dtype.name


def _compare(case: Case) -> str:
    """What differs, or nothing. Raises Unsupported."""
    model, inputs = case.model, _inputs(case)
    while True:
        try:
            program = lower(model, {name: array.shape for name, array in inputs.items()}).program
            break
        except NotConstant as error:
            # A tensor made inside depends on inputs that stand for shapes: those of integers.
            shapes = [name for name, array in inputs.items() if array.dtype in (np.int32, np.int64)]
            names = [error.tensor] if error.tensor in inputs else shapes
            if not names:
                raise
            for name in names:
                model = _fixed(model, name, inputs)
                del inputs[name]
    answer = evaluate(program, inputs, Keep.OUTPUTS).answer()
    expected = zip((output.name for output in model.graph.output), case.outputs, strict=True)
    return next(
        (found for found in (_difference(answer[name], item, case.name) for name, item in expected) if found), ""
    )


def _inputs(case: Case) -> dict[str, Array]:
    declared = case.model.graph.input
    found = {}
    for info, item in zip(declared, case.inputs, strict=True):
        code = info.type.tensor_type.elem_type
        dtype = helper.tensor_dtype_to_np_dtype(code)
        array = np.asarray(item)
        # Types that numpy lacks (bfloat16) may come as their bits.
        same_bits = code == TensorProto.BFLOAT16 and array.dtype == np.uint16
        found[info.name] = array.view(DType.BFLOAT16.numpy) if same_bits else array.astype(dtype)
    return found


def _fixed(model: ModelProto, name: str, inputs: Mapping[str, Array]) -> ModelProto:
    """The model with an input made an initializer."""
    copy = ModelProto()
    copy.CopyFrom(model)
    copy.graph.initializer.append(numpy_helper.from_array(inputs[name], name))
    kept = [info for info in copy.graph.input if info.name != name]
    del copy.graph.input[:]
    copy.graph.input.extend(kept)
    return copy


def _difference(got: Array, item: Any, case: str) -> str:
    expected = np.asarray(item)
    if got.dtype == DType.BFLOAT16.numpy and expected.dtype == np.uint16:
        expected = expected.view(got.dtype)
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return f"{got.dtype} {got.shape}, expected {expected.dtype} {expected.shape}"
    if not _is_float(expected):
        different = int((got != expected).sum())
        return f"{different} of {got.size} elements differ" if different else ""
    tolerance = _TOLERANCE.get(expected.dtype.name, _DEFAULT_TOLERANCE)
    if case in _FOUR_DECIMALS:
        tolerance = 5e-4
    wide, truth = got.astype(np.float64), expected.astype(np.float64)
    error = np.abs(wide - truth)
    if (error <= tolerance * np.abs(truth) + _ABSOLUTE * tolerance * np.abs(truth).max(initial=0.0)).all():
        return ""
    return f"off by {error.max():.3g} of {np.abs(truth).max():.3g}"
