"""Providers: where onnxruntime runs a graph, and the proof that it really does.

Used when a worker starts and whenever a session is opened. onnxruntime falls back to the CPU silently when CUDA's
libraries, driver or device are missing. So a provider counts only if a session that asked for it says that it has it.
"""

import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import onnx
from onnx import TensorProto, helper

from atomic_verify.execution.errors import ProviderInactive, ProviderUnavailable, SessionRefused
from atomic_verify.execution.runtime import Runtime

AUTO = "auto"
OPTIMISATIONS = ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL")
"""onnxruntime's levels of optimisation; sessions use the last, calibration compares them all."""


class Provider(StrEnum):
    """Where a graph runs."""

    CPU = "cpu"
    CUDA = "cuda"

    @property
    def runtime_name(self) -> str:
        """onnxruntime's name of it."""
        return {Provider.CPU: "CPUExecutionProvider", Provider.CUDA: "CUDAExecutionProvider"}[self]


@dataclass(frozen=True, slots=True)
class ExecutionSettings:
    """How sessions run; recorded with each result.

    `threads`: threads within an operator, 0 for one per core. `device`: the GPU's number. `gpu_memory`: bytes that
    onnxruntime may take on the GPU, 0 for no limit. `stack`: most items run as one tensor, 0 for the model's own hint.
    """

    threads: int = 0
    device: int = 0
    gpu_memory: int = 0
    stack: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def provider_options(provider: Provider, settings: ExecutionSettings) -> dict[str, str]:
    """onnxruntime's options. TF32 is off: it keeps 10 bits of a product, and results would leave the tolerance."""
    if provider is Provider.CPU:
        return {}
    options = {"device_id": str(settings.device), "use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
    if settings.gpu_memory:
        options |= {"gpu_mem_limit": str(settings.gpu_memory), "arena_extend_strategy": "kSameAsRequested"}
    return options


def choose(requested: str, available: list[str]) -> Provider:
    """The provider to try; for `auto` CUDA where onnxruntime has it. Raises ProviderUnavailable."""
    if requested == AUTO:
        return Provider.CUDA if Provider.CUDA.runtime_name in available else Provider.CPU
    if requested not in set(Provider):
        raise ProviderUnavailable(
            f"there is no provider {requested[:40]!r}", hint=f"choose {AUTO}, {', '.join(Provider)}"
        )
    provider = Provider(requested)
    if provider.runtime_name not in available:
        raise ProviderUnavailable(
            f"the installed onnxruntime has no provider {provider}",
            hint="install atomic-verify[gpu] in place of atomic-verify[cpu]" if provider is Provider.CUDA else None,
            available=available,
        )
    return provider


def activate(runtime: Runtime, requested: str, settings: ExecutionSettings | None = None) -> Provider:
    """The provider that sessions will use, proven by running a small graph on it.

    `auto` steps down to the CPU where CUDA doesn't work; `cuda` never does. Raises ProviderUnavailable,
    ProviderInactive.
    """
    settings = settings or ExecutionSettings()
    provider = choose(requested, list(runtime.get_available_providers()))
    if provider is Provider.CUDA:
        _preload_cuda(runtime)
    try:
        session = open_session(runtime, probe_graph(), provider, settings)
        session.run(None, {"x": [[1.0, 2.0]]})
    except (ProviderInactive, SessionRefused):
        if requested != AUTO or provider is Provider.CPU:
            raise
        return activate(runtime, Provider.CPU, settings)
    except Exception as error:
        # onnxruntime's errors have no class in common.
        if requested == AUTO and provider is not Provider.CPU:
            return activate(runtime, Provider.CPU, settings)
        raise ProviderInactive(f"provider {provider} can't run a graph", reason=str(error)[:300]) from error
    return provider


def _preload_cuda(runtime: Runtime) -> None:
    """Let onnxruntime find CUDA where pip's nvidia packages put it; what it prints about others is noise."""
    preload = getattr(runtime, "preload_dlls", None)
    if preload is not None:
        with redirect_stdout(io.StringIO()):
            preload()


def open_session(
    runtime: Runtime, graph: bytes, provider: Provider, settings: ExecutionSettings, level: str = OPTIMISATIONS[-1]
) -> Any:
    """An onnxruntime session of a graph, surely on `provider`. Raises SessionRefused, ProviderInactive."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = getattr(runtime.GraphOptimizationLevel, level)
    options.log_severity_level = 4
    # Threads spin while a run goes on, but not after it: between jobs the cores belong to others.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    wanted: list[tuple[str, Mapping[str, str]]] = [(provider.runtime_name, provider_options(provider, settings))]
    try:
        session = runtime.InferenceSession(graph, sess_options=options, providers=wanted)
    except Exception as error:
        # onnxruntime's errors have no class in common.
        raise SessionRefused("onnxruntime can't load the graph", reason=str(error)[:500]) from error
    active = list(session.get_providers())
    if not active or active[0] != provider.runtime_name:
        raise ProviderInactive(
            f"onnxruntime was asked for {provider} and fell back to {', '.join(active) or 'nothing'}",
            hint="check the driver, CUDA and cuDNN versions against onnxruntime's, or choose --provider cpu",
            active=active,
        )
    session.disable_fallback()
    return session


def probe_graph() -> bytes:
    """y = x x^T for x float32[1,2]."""
    shape, product = [1, 2], [1, 1]
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "x"], ["y"], transB=1)],
        "probe",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, product)],
    )
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    found: bytes = model.SerializeToString()
    return found
