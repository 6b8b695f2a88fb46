"""Sessions on the real onnxruntime: payloads in and out, stacking, and graphs that aren't what their model says."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from atomic_verify.commitments import Batch, DType, PayloadSizeError, Signature, encode_batch
from atomic_verify.execution.errors import (
    BatchMismatch,
    ElementTypeUnsupported,
    ExecutionError,
    OutputMismatch,
    SessionRefused,
)
from atomic_verify.execution.gpu_check import main as check_gpu
from atomic_verify.execution.gpu_check import sample_items
from atomic_verify.execution.providers import ExecutionSettings, Provider, activate
from atomic_verify.execution.runtime import Runtime
from atomic_verify.execution.sessions import Session, SessionPool
from atomic_verify.models import Executable, InstalledModel
from atomic_verify.models.parts import Stacking
from tests.support.onnx_graphs import Tensor, X, Y, data_shaped, executable, make, node, signature

RELU = node("Relu", ["x"], ["y"])


def open_session(runtime: Runtime, model: Executable, **settings: int) -> Session:
    return Session(model, Provider.CPU, ExecutionSettings(**settings), runtime)


def items(*rows: Sequence[float]) -> bytes:
    return np.array(rows, dtype="<f4").tobytes()


def free(name: str, *shape: int, dtype: int = TensorProto.FLOAT) -> Tensor:
    """A tensor whose first axis is left open."""
    return (name, dtype, ("n", *shape))


def test_a_batch_comes_out_as_the_bare_runtime_computes_it(runtime: Runtime, mlp: InstalledModel) -> None:
    session = open_session(runtime, mlp.executable(), stack=1)
    payload = sample_items(mlp.manifest.input_specs, 5)
    batch = Batch.from_payload(mlp.manifest.input_specs, 5, payload)
    done = session.run(batch)
    bare = runtime.InferenceSession(mlp.executable().graph, providers=["CPUExecutionProvider"])
    committed = done.commit()
    for index in range(5):
        (wanted,) = bare.run(None, batch.item(index))
        np.testing.assert_array_equal(committed.item(index)["scores"], wanted)
    record = done.record
    assert (record.items, record.stack, record.provider, record.not_finite) == (5, 1, "cpu", {})
    assert record.runtime == f"onnxruntime {runtime.__version__}"
    assert record.input_sha256 == hashlib.sha256(payload).hexdigest()
    assert record.output_sha256 == hashlib.sha256(done.payload).hexdigest()
    assert record.seconds > 0


def test_the_mlp_reads_its_example_digits(runtime: Runtime, mlp: InstalledModel) -> None:
    digits = [(mlp.directory.parents[2] / "models/mlp/examples" / f"{digit}.bin") for digit in range(10)]
    batch = Batch.from_payload(mlp.manifest.input_specs, 10, b"".join(path.read_bytes() for path in digits))
    made = open_session(runtime, mlp.executable()).run(batch).commit()
    answers = [mlp.answer(batch.item(index), made.item(index)) for index in range(10)]
    assert [answer["class_index"] for answer in answers] == list(range(10))


def test_several_tensors_of_mixed_types_and_odd_offsets(runtime: Runtime) -> None:
    inputs = signature(("flag", DType.BOOL, (1, 3)), ("a", DType.DOUBLE, (1, 2)), ("n", DType.INT64, (1, 1)))
    outputs = signature(("sum", DType.DOUBLE, (1, 2)), ("not", DType.BOOL, (1, 3)), ("same", DType.INT64, (1, 1)))
    nodes = [
        node("Cast", ["n"], ["m"], to=TensorProto.DOUBLE),
        node("Add", ["a", "m"], ["sum"]),
        node("Not", ["flag"], ["not"]),
        node("Identity", ["n"], ["same"]),
    ]
    model = make(
        nodes,
        [free("flag", 3, dtype=TensorProto.BOOL), free("a", 2, dtype=TensorProto.DOUBLE), free("n", 1, dtype=7)],
        [free("sum", 2, dtype=TensorProto.DOUBLE), free("not", 3, dtype=TensorProto.BOOL), free("same", 1, dtype=7)],
    )
    rows = [
        {"flag": np.array([[True, False, index % 2 == 0]]), "a": np.array([[0.5, index]]), "n": np.array([[index]])}
        for index in range(7)
    ]
    payload = encode_batch(inputs.specs, rows)
    for stacking in (Stacking(cpu=1, cuda=1), Stacking(cpu=4, cuda=1)):
        done = open_session(runtime, executable(model, inputs, outputs, stacking)).run_payload(7, payload)
        assert done.record.stack == stacking.cpu
        for index in range(7):
            found = done.commit().item(index)
            assert found["sum"].tolist() == [[0.5 + index, 2.0 * index]]
            assert found["not"].tolist() == [[False, True, index % 2 == 1]]
            assert found["same"].tolist() == [[index]]


def test_scalars_are_items_too(runtime: Runtime) -> None:
    one, two = signature(("x", DType.FLOAT, ())), signature(("y", DType.FLOAT, ()))
    model = make([RELU], [("x", TensorProto.FLOAT, ())], [("y", TensorProto.FLOAT, ())])
    done = open_session(runtime, executable(model, one, two)).run_payload(3, np.array([1, -2, 3], "<f4").tobytes())
    assert np.frombuffer(done.payload, "<f4").tolist() == [1, 0, 3]


class TestStacking:
    """Items run as one tensor only where that means the same."""

    HINT = Stacking(cpu=4, cuda=1)

    def run(self, runtime: Runtime, model: onnx.ModelProto, count: int = 10, **settings: int):
        rows = [[index, -index, 1, 2] for index in range(count)]
        session = open_session(runtime, executable(model, stacking=self.HINT), **settings)
        done = session.run_payload(count, items(*rows))
        return done.record.stack, np.frombuffer(done.payload, "<f4").reshape(count, 4).tolist()

    def test_where_items_are_independent(self, runtime: Runtime) -> None:
        model = make([RELU], [free("x", 4)], [free("y", 4)])
        stack, rows = self.run(runtime, model)
        assert stack == 4
        assert rows == [[index, 0, 1, 2] for index in range(10)]
        assert self.run(runtime, model, stack=2)[0] == 2

    def test_not_where_the_first_axis_is_fixed(self, runtime: Runtime) -> None:
        assert self.run(runtime, make([RELU]))[0] == 1

    def test_not_where_the_graph_mixes_items(self, runtime: Runtime) -> None:
        nodes = [node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1), node("Sub", ["x", "m"], ["y"])]
        stack, rows = self.run(runtime, make(nodes, [free("x", 4)], [free("y", 4)]))
        assert stack == 1
        assert rows == [[0.0] * 4] * 10

    def test_not_where_the_axis_is_open_in_name_only(self, runtime: Runtime) -> None:
        nodes = [node("Reshape", ["x", "s"], ["h"]), node("Relu", ["h"], ["y"])]
        model = make(nodes, [free("x", 4)], [free("y", 4)], {"s": np.array([1, 4], np.int64)})
        stack, rows = self.run(runtime, model)
        assert stack == 1
        assert rows[3] == [3, 0, 1, 2]

    def test_not_for_one_item(self, runtime: Runtime) -> None:
        assert self.run(runtime, make([RELU], [free("x", 4)], [free("y", 4)]), count=1)[0] == 1


def test_values_that_are_not_finite_are_kept_and_recorded(runtime: Runtime) -> None:
    model = make([node("Log", ["x"], ["y"])])
    done = open_session(runtime, executable(model)).run_payload(2, items([1, 1, 1, 1], [-1, 0, 1, -1]))
    assert done.record.not_finite == {"y": 3}
    assert np.isnan(done.commit().item(1)["y"]).sum() == 2


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        (signature(("z", DType.FLOAT, (1, 4))), Y),
        (signature(("x", DType.INT32, (1, 4))), Y),
        (X, signature(("y", DType.DOUBLE, (1, 4)))),
        (X, signature(("y", DType.FLOAT, (1, 4)), ("z", DType.FLOAT, (1,)))),
    ],
)
def test_a_graph_of_another_signature_is_refused(runtime: Runtime, inputs: Signature, outputs: Signature) -> None:
    with pytest.raises(SessionRefused):
        open_session(runtime, executable(make([RELU]), inputs, outputs))


def test_an_output_of_another_shape_is_refused_when_the_session_opens(runtime: Runtime) -> None:
    nodes = [node("Concat", ["x", "x"], ["y"], axis=1)]
    with pytest.raises(OutputMismatch):
        open_session(runtime, executable(make(nodes, outputs=[("y", TensorProto.FLOAT, ("n", "m"))])))


def test_an_output_whose_shape_follows_data_is_refused_when_it_differs(runtime: Runtime) -> None:
    session = open_session(runtime, executable(data_shaped()))
    assert session.run_payload(1, items([0, 0, 0, 0])).record.items == 1
    with pytest.raises(OutputMismatch):
        session.run_payload(1, items([0, 3, 0, 0]))


def test_a_kernel_that_gives_up_is_an_error_of_ours_and_the_session_lives_on(runtime: Runtime) -> None:
    nodes = [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Gather", ["w", "i"], ["g"])]
    nodes.append(node("Add", ["x", "g"], ["y"]))
    model = make(nodes, weights={"w": np.zeros(3, np.float32)})
    session = open_session(runtime, executable(model))
    with pytest.raises(ExecutionError) as failed:
        session.run_payload(2, items([0, 1, 2, 0], [0, 1, 2, 99]))
    assert failed.value.code == "execution-failed"
    assert session.run_payload(1, items([0, 1, 2, 0])).record.items == 1


@pytest.mark.parametrize("graph", [b"", b"not an onnx file", b"\x08\x08"])
def test_bytes_that_are_no_graph_are_refused(runtime: Runtime, graph: bytes) -> None:
    with pytest.raises(SessionRefused):
        open_session(runtime, Executable("bad", graph, "", X, Y, Stacking()))


def test_bfloat16_is_refused_before_anything_is_loaded(runtime: Runtime) -> None:
    with pytest.raises(ElementTypeUnsupported):
        open_session(runtime, executable(make([RELU]), signature(("x", DType.BFLOAT16, (1, 4)))))


def test_payloads_that_do_not_fit_are_refused(runtime: Runtime) -> None:
    session = open_session(runtime, executable(make([RELU])))
    for count, payload in ((1, bytes(15)), (2, bytes(16)), (0, b""), (1, bytes(17))):
        with pytest.raises(PayloadSizeError):
            session.run_payload(count, payload)
    with pytest.raises(BatchMismatch):
        session.run(Batch.from_payload(signature(("x", DType.INT32, (1, 4))).specs, 1, bytes(16)))


def test_a_malformed_bool_is_refused_before_it_is_run(runtime: Runtime) -> None:
    inputs, outputs = signature(("x", DType.BOOL, (1, 2))), signature(("y", DType.BOOL, (1, 2)))
    model = make([node("Not", ["x"], ["y"])], [("x", TensorProto.BOOL, (1, 2))], [("y", TensorProto.BOOL, (1, 2))])
    session = open_session(runtime, executable(model, inputs, outputs))
    assert session.run_payload(2, b"\0\1\1\0").payload == b"\1\0\0\1"
    with pytest.raises(BatchMismatch) as refused:
        session.run_payload(2, b"\0\1\1\2")
    assert refused.value.details["item"] == 1


def test_a_pool_keeps_the_last_used_sessions_warm(
    runtime: Runtime, mlp: InstalledModel, magika: InstalledModel
) -> None:
    pool = SessionPool(Provider.CPU, ExecutionSettings(), runtime, capacity=1)
    first = pool.get(mlp)
    assert pool.get(mlp) is first
    pool.get(magika)
    assert pool.get(mlp) is not first


def test_the_cpu_is_active_here_and_telemetry_is_off(runtime: Runtime) -> None:
    assert activate(runtime, "cpu") is Provider.CPU
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


def test_the_gpu_check_says_whether_there_is_a_gpu(
    runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    has_gpu = activate(runtime, "auto") is Provider.CUDA
    sources = Path(__file__).resolve().parents[3] / "models"
    assert check_gpu(["--models", str(tmp_path), "--sources", str(sources), "--items", "4"]) == 0
    assert ("No GPU to check" in capsys.readouterr().out) is not has_gpu
