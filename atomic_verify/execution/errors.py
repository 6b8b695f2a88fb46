"""What can go wrong when a model is run: no runtime, the wrong provider, a tensor that doesn't fit, a dying sandbox.

Used at the execute step of a job. Each class is one stable code with a page under docs/errors.
"""

from atomic_verify.errors import AtomicError


class ExecutionError(AtomicError):
    """Root of this package's errors, and a run that onnxruntime itself gave up."""

    code = "execution-failed"


class RuntimeMissing(ExecutionError):
    """onnxruntime isn't installed."""

    code = "onnxruntime-missing"


class ProviderUnavailable(ExecutionError):
    """The wanted provider isn't part of the installed onnxruntime, or isn't known at all."""

    code = "provider-unavailable"


class ProviderInactive(ExecutionError):
    """onnxruntime has the wanted provider but fell back to another one."""

    code = "provider-inactive"


class SessionRefused(ExecutionError):
    """onnxruntime can't load the graph, or the graph's signature isn't the model's."""

    code = "session-refused"


class ElementTypeUnsupported(ExecutionError):
    """The model has an input or output of an element type that can't be fed or read."""

    code = "element-type-unsupported"


class BatchMismatch(ExecutionError):
    """A batch isn't of the model's input signature."""

    code = "batch-mismatch"


class OutputMismatch(ExecutionError):
    """The graph gave a tensor of another element type or shape than the model declares."""

    code = "output-mismatch"


class SandboxError(ExecutionError):
    """Root of the sandbox's errors, and a sandbox that couldn't be started."""

    code = "sandbox-failed"


class SandboxTimeout(SandboxError):
    """The sandboxed process took more wall-clock or CPU time than it may."""

    code = "sandbox-timeout"


class SandboxOutOfMemory(SandboxError):
    """The sandboxed process needed more memory than it may have."""

    code = "sandbox-out-of-memory"


class SandboxCrashed(SandboxError):
    """The sandboxed process died or broke the protocol."""

    code = "sandbox-crashed"
