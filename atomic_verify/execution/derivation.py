"""Deriving a stranger's model behind walls: its file may ask the lowering for any amount of memory and time.

Life cycle: before a model is published or used. See `models.derivation` for what is derived.
"""

from atomic_verify.commitments import Signature
from atomic_verify.execution.channel import SharedMemory
from atomic_verify.execution.errors import SandboxCrashed
from atomic_verify.execution.isolation import SandboxLimits
from atomic_verify.execution.walled import WalledProcess, entries_of
from atomic_verify.models.derivation import Derivation
from atomic_verify.models.errors import OnnxMalformed

CHILD_MODULE = "atomic_verify.execution.derivation_child"
LIMITS = SandboxLimits(memory=6 * 2**30, seconds=120.0, cpu_seconds=120)
"""A model of a gigabyte of weights is widened to two, and copied once."""


def derive_walled(graph: bytes, inputs: Signature, outputs: Signature, limits: SandboxLimits = LIMITS) -> Derivation:
    """`models.derivation.derive_model` in a child process with limits on memory and time, without files or network.

    Raises a subclass of OnnxRefused, Unsupported, ProgramMismatch, SandboxTimeout, SandboxOutOfMemory, SandboxCrashed.
    """
    if not graph:
        raise OnnxMalformed("the file is empty")
    message = {"op": "derive", "bytes": len(graph), "inputs": entries_of(inputs), "outputs": entries_of(outputs)}
    with SharedMemory.create("graph", len(graph)) as memory:
        memory.view[:] = graph
        child = WalledProcess(CHILD_MODULE, limits)
        try:
            reply = child.ask(message, [memory.descriptor])
        finally:
            child.kill()
    try:
        return Derivation.from_json(reply)
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxCrashed("the sandbox broke the protocol", reason=str(error)[:200]) from error
