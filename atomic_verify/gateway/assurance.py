"""Which part of an answer is proven, which is optimistic and until when: the same object for a job and for an item.

Life cycle: from the commit on. Pure: everything comes in. In the words of docs/protocol.md: of a `hybrid` result the
decision is proven for the committed features, which stay open to claims until the job is final; a `proven` one is
proven in all of it, and final with its commit; an optimistic one stands if nobody shows it to be wrong.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from atomic_verify.commitments.tensors import Array
from atomic_verify.protocol.proofs import scores_tensor
from atomic_verify.protocol.types import CriticalStep, Guarantee, JobState, ModelSpec, to_hex
from atomic_verify.storage.records import JobRecord

BY = "zk-SNARK"
_UNDECIDED = "undefined"
"""What the magika codec calls the decision about a file that is too small for the model."""


def job_assurance(job: JobRecord, spec: ModelSpec | None) -> dict[str, Any]:
    """A job's. `spec` is its model's; without it the names of tensors and the circuit are null."""
    proven = None if job.result is None else job.result.proven
    decisions = () if proven is None else proven.decisions
    told = [{"item": item, "decision": one.index, "certain": one.is_certain} for item, one in enumerate(decisions)]
    return {
        "guarantee": job.rfp.guarantee.name.lower(),
        "proven": None if proven is None else {"by": BY, "decisions": told, **_proof(job, spec)},
        "optimistic": _optimistic(job, spec),
    }


def item_assurance(
    job: JobRecord, spec: ModelSpec, index: int, outputs: Mapping[str, Array], answer: Mapping[str, Any]
) -> dict[str, Any]:
    """An item's, which has committed `outputs` and this `answer`."""
    proven = None if job.result is None else job.result.proven
    found: dict[str, Any] | None = None
    if proven is not None:
        decision = proven.decisions[index]
        found = {
            "by": BY,
            "decision": decision.index,
            "label": _label(answer),
            "certain": decision.is_certain,
            **_lead(spec.critical, outputs[scores_tensor(spec).name]),
            **_proof(job, spec),
        }
    return {"guarantee": job.rfp.guarantee.name.lower(), "proven": found, "optimistic": _optimistic(job, spec)}


def _proof(job: JobRecord, spec: ModelSpec | None) -> dict[str, Any]:
    """What is common to all proofs of a job."""
    result = job.result
    step = None if spec is None else spec.critical
    return {
        "circuit": None if step is None else to_hex(step.circuit),
        "srs": None if step is None else "development" if step.development else "ceremony",
        "verifier": None if result is None or result.proven is None else result.proven.verifier,
        "transaction": None if result is None else result.committed.tx_hash,
    }


def _optimistic(job: JobRecord, spec: ModelSpec | None) -> dict[str, Any] | None:
    """What can be disputed, and until when: null if nothing can. `until` is null if the time isn't known, or past."""
    if job.rfp.guarantee is Guarantee.PROVEN:
        return None
    result, is_final = job.result, job.state is JobState.FINAL
    is_open = result is not None and job.state is JobState.COMMITTED and result.open_claims == 0
    return {
        "outputs": None if spec is None else [tensor.name for tensor in spec.outputs],
        "until": result.final_at if result is not None and is_open else None,
        "final": is_final,
    }


def _lead(step: CriticalStep, scores: Array) -> dict[str, float]:
    """By how much the largest score leads, and how much makes it certain, in the scores' own unit."""
    first, second = np.sort(scores.reshape(-1).astype(np.float64))[::-1][:2]
    return {"lead": float(first - second), "margin": step.certain_margin * 2.0**-step.output_scale}


def _label(answer: Mapping[str, Any]) -> str | None:
    """The decision's name, where the model's codec has one."""
    label = answer.get("class_label", answer.get("dl_label"))
    return None if label is None or label == _UNDECIDED else str(label)
