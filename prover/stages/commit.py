"""Commit: put the published output on the chain: its batch root and digest, or, where it is proven, all of it.

Life cycle: commit. Proofs go with the payloads that they are about, from which the chain computes root, digest and
public instances itself. A proof that it would refuse is found out before anything is paid, by trying the call.
"""

from atomic_verify.chain.call import Call
from atomic_verify.models import InstalledModel
from atomic_verify.protocol.ids import spec_bytes
from atomic_verify.protocol.lifecycle import Act
from atomic_verify.protocol.types import Submission
from atomic_verify.storage.errors import BlobMissing
from prover import inputs
from prover.belongings import Own
from prover.outputs import Output
from prover.proving import is_intact
from prover.tools import Tools
from prover.views import View

NAME = "commit"


def due(view: View, own: Own) -> bool:
    if own.output is None or view.legal(Act.COMMIT) is None:
        return False
    return own.input_held or not view.is_proven_whole


def act(view: View, own: Own, tools: Tools) -> None:
    """Commits, once the verifier stands where it is proven. Raises what the sender raises."""
    if own.output is None:
        return
    call = _proven(view, own.output, tools) if view.needs_proofs else _plain(view, own.output, tools)
    if call is not None:
        tools.submit(NAME, view, call, key=f"commit-{view.attempt}")


def _plain(view: View, output: Output, tools: Tools) -> Call:
    return tools.calls.commit(view.record.rfp, output.root, output.payload_digest)


def _proven(view: View, output: Output, tools: Tools) -> Call | None:
    rfp = view.record.rfp
    model = tools.workshop.model(rfp.model_id)
    if model is None or not tools.verifiers.stands(model):
        return None
    if not all(is_intact(digest, tools.blobs) for digest in (output.payload, *output.proofs)):
        tools.belongings.lost(view.record.id)
        raise BlobMissing("A proof of the job isn't in the blob store any more", hint="It is made again.")
    return tools.calls.commit_proven(rfp, _submission(view, output, model, tools))


def _submission(view: View, output: Output, model: InstalledModel, tools: Tools) -> Submission:
    held = tools.inputs.result(view.record.id) if view.is_proven_whole else None
    return Submission(
        spec=spec_bytes(model.manifest.spec()),
        verifier=tools.verifiers.of(model).address,
        inputs=b"" if held is None else inputs.read(view.record.rfp, held, tools.blobs),
        outputs=tools.blobs.get(output.payload),
        proofs=tuple(tools.blobs.get(digest) for digest in output.proofs),
    )
