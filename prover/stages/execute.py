"""Execute: run the model on the held input and publish what comes out.

Life cycle: execute, publish. What comes out is committed, or, of a job that is proven, it has the features that the
circuit reads. One job at a time, in the background, the most urgent first. The output is in the blob store and on
record before the commit, so a restart commits what was published and runs nothing twice.
"""

from collections.abc import Mapping
from typing import Any

from atomic_verify.execution.record import Execution
from atomic_verify.protocol.lifecycle import Act
from atomic_verify.protocol.primitives import ModelId, to_hex
from atomic_verify.storage.decisions import Decision
from prover import inputs, outputs
from prover.belongings import Own
from prover.inputs import HeldInput
from prover.outputs import Output
from prover.tools import Tools
from prover.views import View
from prover.watching.finite import made_finite

NAME = "execute"


def due(view: View, own: Own) -> bool:
    """Whether the job is this worker's to do, in time, with its input at hand, and wasn't executed yet."""
    return own.input_held and own.executed is None and view.legal(Act.COMMIT) is not None


def act(view: View, own: Own, tools: Tools) -> None:
    """Starts the execution if none is under way."""
    held = tools.inputs.result(view.record.id)
    if held is not None:
        tools.outputs.start(view.record.id, lambda: prepare(view, held, tools))


def prepare(view: View, held: HeldInput, tools: Tools) -> Output:
    """Executes and publishes, in a thread of its own.

    Raises what reading the input, the session, the canonical evaluation and publishing raise.
    """
    job, rfp = view.record.id, view.record.rfp
    payload = inputs.read(rfp, held, tools.blobs)
    execution = tools.workshop.execute(rfp.model_id, payload, rfp.item_count, held.digest)
    tools.metrics.execution_seconds.observe(execution.record.seconds)
    tools.metrics.items.inc(rfp.item_count)
    execution, canonical = _finite(execution, rfp.model_id, payload, tools)
    tools.checkpoint("executed")
    output = outputs.publish(execution, tools.blobs)
    tools.checkpoint("published")
    details: Mapping[str, Any] = {
        "output": output.to_json(),
        "attempt": view.attempt,
        "record": execution.record.as_dict(),
        "canonical_items": list(canonical),
    }
    tools.decisions.add(Decision(outputs.KIND, job, outputs.DONE, f"attempt {view.attempt}", tools.clock(), details))
    tools.log.info("executed", job=to_hex(job), items=rfp.item_count, payload=output.payload)
    tools.checkpoint("noted:execute:done")
    return output


def _finite(execution: Execution, model: ModelId, payload: bytes, tools: Tools) -> tuple[Execution, tuple[int, ...]]:
    """Answers items whose outputs aren't finite canonically, where the model can be disputed."""
    if not execution.record.not_finite or not tools.meanings.knows(model):
        return execution, ()
    made, items = made_finite(execution, payload, tools.meanings.of(model))
    tools.log.warning("answered_canonically", items=list(items[:16]), count=len(items))
    return made, items
