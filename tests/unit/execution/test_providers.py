"""Which provider is used, and that a silent fallback is never taken for the real thing.

The runtime here is a stand-in that behaves as onnxruntime does on machines that the tests don't run on.
"""

from types import SimpleNamespace
from typing import Any

import pytest

from atomic_verify.execution.errors import ProviderInactive, ProviderUnavailable, RuntimeMissing, SessionRefused
from atomic_verify.execution.providers import ExecutionSettings, Provider, activate, open_session, provider_options
from atomic_verify.execution.runtime import load_runtime

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class Machine:
    """onnxruntime with the providers `available`, of which only `working` ones really start."""

    def __init__(self, available: list[str], working: list[str], run_error: Exception | None = None) -> None:
        self.available, self.working, self.run_error = available, working, run_error
        self.asked: list[Any] = []
        self.ExecutionMode = SimpleNamespace(ORT_SEQUENTIAL=0)
        self.GraphOptimizationLevel = SimpleNamespace(ORT_ENABLE_ALL=99)
        self.SessionOptions = lambda: SimpleNamespace(add_session_config_entry=lambda *_: None)

    def get_available_providers(self) -> list[str]:
        return self.available

    def InferenceSession(self, graph: bytes, sess_options: Any, providers: list[Any]) -> Any:  # noqa: N802
        self.asked.append((providers, sess_options))
        active = [name for name, _ in providers if name in self.working] + [CPU]

        def run(*_: Any) -> None:
            if self.run_error and active[0] != CPU:
                raise self.run_error

        return SimpleNamespace(
            get_providers=lambda: list(dict.fromkeys(active)), run=run, disable_fallback=lambda: None
        )


def test_cuda_is_used_where_it_works() -> None:
    machine = Machine([CUDA, CPU], [CUDA])
    assert activate(machine, "auto") is Provider.CUDA
    assert activate(machine, "cuda") is Provider.CUDA
    assert activate(machine, "cpu") is Provider.CPU


def test_cuda_that_is_not_installed_is_refused_and_auto_takes_the_cpu() -> None:
    machine = Machine([CPU], [])
    assert activate(machine, "auto") is Provider.CPU
    with pytest.raises(ProviderUnavailable):
        activate(machine, "cuda")


def test_a_silent_fallback_is_refused_and_auto_takes_the_cpu() -> None:
    machine = Machine([CUDA, CPU], [])
    assert activate(machine, "auto") is Provider.CPU
    with pytest.raises(ProviderInactive) as refused:
        activate(machine, "cuda")
    assert refused.value.details["active"] == [CPU]


def test_a_gpu_that_starts_but_can_not_run_is_refused() -> None:
    machine = Machine([CUDA, CPU], [CUDA], RuntimeError("CUDA error 100: no device"))
    assert activate(machine, "auto") is Provider.CPU
    with pytest.raises(ProviderInactive):
        activate(machine, "cuda")


def test_a_session_is_refused_whenever_it_falls_back() -> None:
    with pytest.raises(ProviderInactive):
        open_session(Machine([CUDA, CPU], []), b"", Provider.CUDA, ExecutionSettings())


@pytest.mark.parametrize("name", ["", "tpu", "CUDA", "CUDAExecutionProvider"])
def test_unknown_providers_are_refused(name: str) -> None:
    with pytest.raises(ProviderUnavailable):
        activate(Machine([CUDA, CPU], [CUDA]), name)


def test_a_graph_that_can_not_be_loaded_is_refused() -> None:
    machine = Machine([CPU], [])

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("INVALID_PROTOBUF")

    machine.InferenceSession = fail  # type: ignore[method-assign]
    with pytest.raises(SessionRefused, match="load"):
        open_session(machine, b"", Provider.CPU, ExecutionSettings())


def test_sessions_get_the_settings() -> None:
    machine = Machine([CUDA, CPU], [CUDA])
    open_session(machine, b"", Provider.CUDA, ExecutionSettings(threads=3, device=1, gpu_memory=2**30))
    ((provider, options),), session = machine.asked[0]
    assert (provider, session.intra_op_num_threads, session.inter_op_num_threads) == (CUDA, 3, 1)
    assert options["device_id"] == "1"
    assert options["gpu_mem_limit"] == str(2**30)


def test_tf32_is_off_and_the_cpu_has_no_options() -> None:
    assert provider_options(Provider.CUDA, ExecutionSettings())["use_tf32"] == "0"
    assert provider_options(Provider.CPU, ExecutionSettings()) == {}


def test_a_missing_runtime_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr("atomic_verify.execution.runtime.importlib.import_module", missing)
    with pytest.raises(RuntimeMissing) as refused:
        load_runtime()
    assert "atomic-verify[cpu]" in str(refused.value.hint)
