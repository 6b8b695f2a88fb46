"""The sandbox with real child processes: what they may not do, how they die, and that the next job doesn't notice."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from onnx import TensorProto, helper

from atomic_verify.commitments import Batch, DType, PayloadSizeError
from atomic_verify.execution import isolation
from atomic_verify.execution.channel import SharedMemory, receive, send
from atomic_verify.execution.errors import (
    BatchMismatch,
    ExecutionError,
    OutputMismatch,
    SandboxCrashed,
    SandboxError,
    SandboxOutOfMemory,
    SandboxTimeout,
)
from atomic_verify.execution.gpu_check import sample_items
from atomic_verify.execution.isolation import SandboxLimits
from atomic_verify.execution.providers import ExecutionSettings, Provider
from atomic_verify.execution.runtime import Runtime
from atomic_verify.execution.sandbox import SandboxedSession
from atomic_verify.execution.sessions import Session
from atomic_verify.models import Executable, InstalledModel
from atomic_verify.models.errors import OnnxExternalData, OnnxMalformed, OnnxOperatorRefused, OnnxTooLarge
from atomic_verify.models.parts import Stacking
from tests.support.onnx_graphs import X, Y, data_shaped, executable, make, node, signature

RELU = node("Relu", ["x"], ["y"])
ROW = np.array([[1, -2, 3, -4]], "<f4").tobytes()

# Fixed sizes, so the check sees nothing wrong; the work is in how often the product is taken.
SIDE, PRODUCTS = 2048, 200
COSTLY = [
    node("Expand", ["x0", "s"], ["m0"]),
    *[node("MatMul", [f"m{i}", f"m{i}"], [f"m{i + 1}"]) for i in range(PRODUCTS)],
    node("Slice", [f"m{PRODUCTS}", "from", "to"], ["y"]),
]


def costly() -> Executable:
    """Takes minutes on one core."""
    weights = {
        "s": np.array([SIDE, SIDE]),
        "from": np.array([0, 0]),
        "to": np.array([1, 4]),
        "one": np.array([0]),
        "first": np.array([1]),
        "axis": np.array([1]),
    }
    nodes = [node("Slice", ["x", "one", "first", "axis"], ["x0"]), *COSTLY]
    return executable(make(nodes, weights=weights))


def hungry(nbytes: int) -> Executable:
    """Asks for as many bytes as its input says; the check can't know how many."""
    nodes = [
        node("ReduceMax", ["x"], ["m"], keepdims=0),
        node("Cast", ["m"], ["i"], to=TensorProto.INT64),
        node("Mul", ["i", "unit"], ["n"]),
        node("Unsqueeze", ["n", "zero"], ["s"]),
        node("ConstantOfShape", ["s"], ["big"]),
        node("ReduceSum", ["big"], ["z"], keepdims=0),
        node("Add", ["x", "z"], ["y"]),
    ]
    return executable(make(nodes, weights={"zero": np.array([0]), "unit": np.array(nbytes // 4)}))


@pytest.fixture
def relu() -> Iterator[SandboxedSession]:
    with SandboxedSession(executable(make([RELU])), SandboxLimits(seconds=30)) as session:
        yield session


def alive(process_id: int) -> bool:
    return psutil.pid_exists(process_id) and psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE


def wait_until_gone(process_id: int) -> None:
    for _ in range(600):
        if not alive(process_id):
            return
        time.sleep(0.05)
    pytest.fail(f"process {process_id} is still there")


def test_it_computes_what_a_session_here_computes(runtime: Runtime, magika: InstalledModel) -> None:
    model = magika.executable()
    payload = sample_items(model.inputs.specs, 3)
    batch = Batch.from_payload(model.inputs.specs, 3, payload)
    wanted = Session(model, Provider.CPU, ExecutionSettings(threads=1, stack=1), runtime).run(batch)
    with SandboxedSession(model) as session:
        done = session.run(batch)
        assert session.check["opset"] == 15
    assert done.payload == wanted.payload
    assert done.commit().root == wanted.commit().root
    record = done.record
    assert (record.items, record.provider, record.runtime) == (3, "cpu", wanted.record.runtime)
    assert (record.input_sha256, record.output_sha256) == (wanted.record.input_sha256, wanted.record.output_sha256)
    assert record.isolation["memory"] == SandboxLimits().memory


def test_the_child_is_kept_warm(relu: SandboxedSession) -> None:
    first = relu.process_id
    for _ in range(3):
        assert np.frombuffer(relu.run_payload(2, ROW * 2).payload, "<f4").tolist() == [1, 0, 3, 0] * 2
    assert relu.process_id == first


def test_its_memory_files_are_given_back(relu: SandboxedSession) -> None:
    relu.run_payload(1, ROW)
    child = psutil.Process(relu.process_id)
    mine, theirs = psutil.Process().num_fds(), child.num_fds()
    for _ in range(20):
        relu.run_payload(1, ROW)
    assert (psutil.Process().num_fds(), child.num_fds()) == (mine, theirs)


def test_no_secret_is_in_its_environment_or_open_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ATOMIC_SECRET", "hunter2")
    # Readable from outside only while the process is dumpable, so look at what it is started with.
    seen = {}
    real = subprocess.Popen

    def spy(*arguments, **options):
        seen.update(options)
        return real(*arguments, **options)

    monkeypatch.setattr("atomic_verify.execution.walled.subprocess.Popen", spy)
    with (tmp_path / "key").open("w") as key, SandboxedSession(executable(make([RELU]))) as session:
        os.set_inheritable(key.fileno(), True)
        targets = {str(link.readlink()) for link in Path(f"/proc/{session.process_id}/fd").iterdir()}
    assert "hunter2" not in str(seen["env"])
    assert set(seen["env"]) <= {
        "PYTHONPATH", "ORT_DISABLE_TELEMETRY", "HOME", "LANG", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LD_LIBRARY_PATH",
    }  # fmt: skip
    assert not [target for target in targets if str(tmp_path) in target]


def test_model_files_that_the_check_refuses_are_refused_here_too() -> None:
    outside = make([node("Add", ["x", "w"], ["y"])])
    tensor = TensorProto(name="w", data_type=1, dims=[1, 4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    outside.graph.initializer.append(tensor)
    loop = make([node("Loop", ["", "", "x"], ["y"], body=helper.make_graph([], "body", [], []))])
    huge = make([node("ConstantOfShape", ["s"], ["y"])], weights={"s": np.array([2**20, 2**20])})
    for model, error in ((outside, OnnxExternalData), (loop, OnnxOperatorRefused), (huge, OnnxTooLarge)):
        with pytest.raises(error):
            SandboxedSession(executable(model))
    whole = executable(make([RELU]))
    with pytest.raises(OnnxMalformed):
        SandboxedSession(Executable("cut", whole.graph[:-3], "", X, Y, Stacking()))


def test_a_model_that_takes_too_long_is_ended_and_the_next_job_has_a_new_child() -> None:
    limits = SandboxLimits(seconds=30)
    session = SandboxedSession(executable(make([RELU])), limits)
    session.close()
    slow = costly()
    started = time.monotonic()
    with pytest.raises(SandboxTimeout):
        SandboxedSession(slow, SandboxLimits(seconds=3))
    assert time.monotonic() - started < 60
    assert session.run_payload(1, ROW).record.items == 1
    session.close()


def test_cpu_time_is_bounded_too() -> None:
    with pytest.raises(SandboxTimeout) as ended:
        SandboxedSession(costly(), SandboxLimits(seconds=120, cpu_seconds=3))
    assert ended.value.details["cpu_seconds"] == 3


def test_a_model_that_needs_too_much_memory_is_an_error_and_the_child_lives_on() -> None:
    with SandboxedSession(hungry(2**30), SandboxLimits(memory=2**30)) as session:
        process = session.process_id
        with pytest.raises(SandboxOutOfMemory):
            session.run_payload(1, np.array([[2, 0, 0, 0]], "<f4").tobytes())
        assert session.run_payload(1, np.zeros((1, 4), "<f4").tobytes()).record.items == 1
        assert session.process_id == process


def test_a_limit_too_small_to_start_in_is_an_error() -> None:
    with pytest.raises(SandboxError):
        SandboxedSession(executable(make([RELU])), SandboxLimits(memory=2**26))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_child_that_dies_between_jobs_is_replaced(relu: SandboxedSession, how: signal.Signals) -> None:
    first = relu.process_id
    assert first is not None
    os.kill(first, how)
    # The kernel tells the owner once the last thread is gone, a little after the process looks dead from outside.
    for _ in range(600):
        if relu.process_id is None:
            break
        time.sleep(0.05)
    assert relu.run_payload(1, ROW).record.items == 1
    assert relu.process_id not in {None, first}


def test_a_child_that_dies_in_a_job_is_an_error_and_is_replaced() -> None:
    with SandboxedSession(hungry(2**20), SandboxLimits(seconds=60)) as session:
        first = session.process_id
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        killer = threading.Timer(0.5, os.kill, (first, signal.SIGKILL))
        killer.start()
        with pytest.raises(SandboxCrashed) as crashed:
            session.run_payload(1, ROW)
        killer.join()
        assert crashed.value.details["status"] == -signal.SIGKILL
        assert session.run_payload(1, ROW).record.items == 1


def test_a_child_ends_when_it_is_closed_and_when_its_owner_is_killed(relu: SandboxedSession) -> None:
    process = relu.process_id
    assert process is not None
    relu.close()
    wait_until_gone(process)
    assert relu.process_id is None
    script = (
        "import time\n"
        "from tests.support.onnx_graphs import *\n"
        "from atomic_verify.execution.sandbox import SandboxedSession\n"
        "session = SandboxedSession(executable(make([node('Relu', ['x'], ['y'])])))\n"
        "print(session.process_id, flush=True)\n"
        "time.sleep(600)\n"
    )
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        assert alive(child)
        owner.kill()
        wait_until_gone(child)


def test_errors_inside_come_out_as_themselves() -> None:
    nodes = [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Gather", ["w", "i"], ["y"])]
    with SandboxedSession(executable(make(nodes, weights={"w": np.zeros(3, np.float32)}))) as session:
        with pytest.raises(ExecutionError) as failed:
            session.run_payload(1, np.array([[9, 0, 0, 0]], "<f4").tobytes())
        assert failed.value.code == "execution-failed"
        assert session.run_payload(1, np.zeros((1, 4), "<f4").tobytes()).record.items == 1
    with SandboxedSession(executable(data_shaped())) as session, pytest.raises(OutputMismatch):
        session.run_payload(1, ROW)


def test_payloads_and_outputs_out_of_bounds_never_reach_the_child(relu: SandboxedSession) -> None:
    with pytest.raises(PayloadSizeError):
        relu.run_payload(2, ROW)
    with pytest.raises(BatchMismatch):
        relu.run(Batch.from_payload(signature(("x", DType.INT32, (1, 4))).specs, 1, ROW))
    with (
        SandboxedSession(executable(make([RELU])), SandboxLimits(output_bytes=16)) as session,
        pytest.raises(SandboxError, match="limit"),
    ):
        session.run_payload(2, ROW * 2)


def behind_walls(body: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python code in a process that has put up all walls; `before` runs before it does."""
    script = (
        "import os, socket, resource\n"
        "from atomic_verify.execution.isolation import *\n"
        f"{before}\n"
        "network_gone = raise_first_walls(SandboxLimits(memory=2**30))\n"
        "files_gone = close_files()\n"
    )
    root = Path(__file__).resolve().parents[3]
    return subprocess.run(
        [sys.executable, "-c", script + body], capture_output=True, text=True, cwd=root, timeout=60, check=False
    )


def test_behind_the_walls_the_network_is_gone_where_the_kernel_can() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = (
            "try:\n"
            f"    socket.create_connection(('127.0.0.1', {port}), 2); print('reached', network_gone)\n"
            "except OSError as error:\n"
            "    print('refused', network_gone)\n"
        )
        assert behind_walls(code).stdout.split() in (["refused", "True"], ["reached", "False"])


def test_behind_the_walls_files_are_gone_where_the_kernel_can(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    code = (
        "try:\n"
        f"    print('read', open({str(tmp_path / 'key')!r}).read(), files_gone)\n"
        "except OSError:\n"
        "    print('refused', files_gone)\n"
    )
    found = behind_walls(code).stdout.split()
    assert found in (["refused", "True"], ["read", "secret", "False"])
    version = ctypes.CDLL(None).syscall(isolation.SYS_LANDLOCK_CREATE_RULESET, None, 0, 1)
    assert (found[0] == "refused") == (version >= 1)


def test_behind_the_walls_limits_hold() -> None:
    code = (
        "try:\n    bytearray(2**31); print('large')\nexcept MemoryError:\n    print('bounded')\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[1], resource.getrlimit(resource.RLIMIT_NOFILE)[1])\n"
        "print(open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0] if not files_gone else '1')\n"
    )
    assert behind_walls(code).stdout.split() == ["bounded", "0", str(isolation.OPEN_FILES), "1"]


def test_behind_the_walls_processes_are_bounded_where_the_kernel_can() -> None:
    code = (
        "import time\n"
        "children = []\n"
        "try:\n"
        "    for _ in range(100):\n"
        "        child = os.fork()\n"
        "        if not child:\n"
        "            time.sleep(5); os._exit(0)\n"
        "        children.append(child)\n"
        "except BlockingIOError:\n"
        "    pass\n"
        "for child in children:\n"
        "    os.kill(child, 9)\n"
        "print(network_gone, len(children) < 30)\n"
    )
    # A network namespace of its own is a user namespace of its own, which counts its processes.
    # The kernel lets root have as many as it likes.
    alone, bounded = behind_walls(code, "if os.getuid() == 0: os.setuid(65534)").stdout.split()
    assert bounded == alone


class TestChannel:
    """Messages from the other side of a wall."""

    @pytest.fixture
    def ends(self) -> Iterator[tuple[socket.socket, socket.socket]]:
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with mine, theirs:
            mine.settimeout(5)
            yield mine, theirs

    def test_messages_and_descriptors_arrive(self, ends) -> None:
        mine, theirs = ends
        with SharedMemory.create("test", 5) as memory:
            memory.view[:] = b"hello"
            send(theirs, {"op": "run"}, [memory.descriptor])
            message, (descriptor,) = receive(mine)
        assert message == {"op": "run"}
        with SharedMemory(descriptor, 5) as memory:
            assert bytes(memory.view) == b"hello"

    @pytest.mark.parametrize("data", [b"{", b"[]", b"3", b"\xff", b"[" * 60_000, b"x" * 70_000])
    def test_anything_else_is_a_crash(self, ends, data: bytes) -> None:
        mine, theirs = ends
        theirs.send(data)
        with pytest.raises(SandboxCrashed):
            receive(mine)

    def test_a_closed_end_is_a_crash_and_silence_a_timeout(self, ends) -> None:
        mine, theirs = ends
        mine.settimeout(0.05)
        with pytest.raises(TimeoutError):
            receive(mine)
        theirs.close()
        with pytest.raises(SandboxCrashed):
            receive(mine)

    def test_shared_memory_can_not_be_shrunk_or_grown(self) -> None:
        with SharedMemory.create("test", 4096) as memory:
            for size in (0, 4095, 8192):
                with pytest.raises(PermissionError):
                    os.ftruncate(memory.descriptor, size)

    def test_empty_shared_memory_has_an_empty_view(self) -> None:
        with SharedMemory.create("test", 0) as memory:
            assert bytes(memory.view) == b""
