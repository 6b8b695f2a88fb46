"""Prove: make a proof of each item by the model's circuit, and put together what is committed with them.

Life cycle: prove, publish. One item at a time, in the background, of the most urgent job first; other jobs are executed
meanwhile. Each proof is in the blob store and on record before the next begins, so a restart makes only those that are
missing. What a circuit can't prove at all is on record too, and isn't tried again: the job is lost to its deadline.
"""

from collections.abc import Sequence
from typing import Any

from atomic_verify.errors import AtomicError
from atomic_verify.models import InstalledModel
from atomic_verify.protocol.lifecycle import Act
from atomic_verify.protocol.primitives import JobId, to_hex
from atomic_verify.storage.decisions import Decision
from circuits.errors import CircuitRange, CircuitStopped
from prover import outputs, proving
from prover.belongings import Own
from prover.bidding import Reason
from prover.proving import Assembled, Item, Shown
from prover.tools import Tools
from prover.views import View

NAME = "prove"
MIB = 2**20


def due(view: View, own: Own) -> bool:
    """Whether the job is this worker's to do, in time, needs proofs, was executed, and isn't proven yet."""
    if not view.needs_proofs or view.legal(Act.COMMIT) is None:
        return False
    has_read = own.input_held or not view.is_proven_whole
    return own.executed is not None and own.output is None and has_read


def act(view: View, own: Own, tools: Tools) -> None:
    """Starts the next proof if none is under way, or puts together what all of them prove.

    Raises NotWholeQuanta, and what the blob store and the database raise.
    """
    job, model = view.record.id, tools.workshop.model(view.record.rfp.model_id)
    if model is None or not tools.workshop.provers.can_prove(model.model_id):
        tools.note(NAME, job, "failed", Reason.GUARANTEE_UNSUPPORTED)
        return
    shown = _shown(view, own, model, tools)
    if shown is None or tools.proofs.is_full:
        return
    made = proving.made_items(job, shown, tools.decisions, tools.blobs)
    missing = next((item for item in range(shown.items) if item not in made), None)
    if missing is None:
        _finish(view, own, shown, [made[item] for item in range(shown.items)], tools)
    elif not isinstance(tools.proofs.failure((job, missing)), CircuitRange):
        # Made, and lost from the store since.
        tools.proofs.renew((job, missing))
        tools.proofs.start((job, missing), lambda: prove_item(view, shown, missing, tools))


def waiting(view: View, tools: Tools) -> int:
    """Proofs of the job that are still to be made, if it is this worker's to do; some may be on record already."""
    if not view.needs_proofs or view.legal(Act.COMMIT) is None or tools.belongings.of(view).output is not None:
        return 0
    items = view.record.rfp.item_count
    return sum(tools.proofs.result((view.record.id, item)) is None for item in range(items))


def prove_item(view: View, shown: Shown, item: int, tools: Tools) -> Item:
    """Proves one item, and puts the proof on record, in a thread of its own.

    Raises what the circuit, the blob store and the database raise.
    """
    job = view.record.id
    try:
        made = _made(job, shown, item, tools)
    except CircuitStopped:
        tools.log.info("proof_called_off", job=to_hex(job), item=item + 1)
        raise
    except AtomicError as error:
        tools.metrics.failures.labels(NAME, error.code).inc()
        tools.log.warning("proof_failed", job=to_hex(job), item=item + 1, code=error.code, reason=str(error)[:500])
        raise
    details: dict[str, Any] = {"shown": shown.digest, "made": made.to_json(), "attempt": view.attempt}
    reason = f"item {item + 1} of {shown.items}"
    tools.decisions.add(Decision(proving.KIND, job, proving.ITEM, reason, tools.clock(), details))
    tools.log.info(
        "proved",
        job=to_hex(job),
        item=item + 1,
        of=shown.items,
        seconds=round(made.seconds, 2),
        peak_mib=made.peak_bytes // MIB,
    )
    tools.checkpoint("noted:prove:item")
    return made


def _made(job: JobId, shown: Shown, item: int, tools: Tools) -> Item:
    features = shown.tensors(tools.blobs)[item]
    proof = tools.workshop.provers.prove(job, shown.model.model_id, features)
    tools.metrics.proof_seconds.observe(proof.seconds)
    tools.metrics.proof_peak.set(proof.peak_bytes)
    tools.checkpoint("proved")
    return Item(item, tools.blobs.put(proof.proof), tuple(proof.outputs), proof.seconds, proof.peak_bytes)


def _shown(view: View, own: Own, model: InstalledModel, tools: Tools) -> Shown | None:
    """What the job's circuit reads: its inputs, or what executing them gave."""
    held = tools.inputs.result(view.record.id) if view.is_proven_whole else None
    digest = held.digest if held is not None else None
    if not view.is_proven_whole and own.executed is not None:
        digest = own.executed.payload
    return None if digest is None else Shown(model, digest, view.record.rfp.item_count)


def _finish(view: View, own: Own, shown: Shown, made: Sequence[Item], tools: Tools) -> None:
    """Publishes what the proofs prove, and puts it on record."""
    job = view.record.id
    assembled = proving.assemble(shown, made, tools.blobs)
    output = assembled.publish(shown.model, tools.blobs)
    tools.checkpoint("published:proven")
    details = {
        "output": output.to_json(),
        "attempt": view.attempt,
        "decisions": [[one.index, one.is_certain] for one in assembled.decisions],
        "seconds": round(sum(one.seconds for one in made), 4),
        "peak_bytes": max(one.peak_bytes for one in made),
        **_compared(view, own, shown, assembled, tools),
    }
    tools.decisions.add(Decision(proving.KIND, job, outputs.DONE, f"attempt {view.attempt}", tools.clock(), details))
    tools.belongings.proven(job, output)
    tools.log.info("proven", job=to_hex(job), items=shown.items, payload=output.payload)
    tools.checkpoint("noted:prove:done")


def _compared(view: View, own: Own, shown: Shown, assembled: Assembled, tools: Tools) -> dict[str, Any]:
    """How far the proven scores lie from the model's own run: well within accept, where they can be disputed."""
    if own.executed is None or not tools.blobs.exists(own.executed.payload):
        return {}
    executed = tools.blobs.get(own.executed.payload)
    found = proving.difference(shown.model, executed, assembled.payload, shown.items)
    if found.share is not None and found.share > 1.0 and not view.is_proven_whole:
        # Committed all the same: a void item costs less than a missed deadline.
        tools.log.warning("proof_far_from_run", model=shown.model.name, share_of_accept=round(found.share, 3))
    return {"executed": list(found.decisions), "largest_difference": found.largest, "share_of_accept": found.share}
