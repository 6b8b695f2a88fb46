"""Verifier: see to it that the contract that checks a job's proofs stands on the chain before they are committed.

Life cycle: prove. Whoever needs a verifier first deploys it; it serves all jobs on the model from then on.
"""

from atomic_verify.protocol.lifecycle import Act
from prover.belongings import Own
from prover.tools import Tools
from prover.views import View

NAME = "verifier"


def due(view: View, own: Own) -> bool:
    """Whether the worker has a result to prove; what stands on the chain is asked in `act`."""
    return view.needs_proofs and view.legal(Act.COMMIT) is not None


def act(view: View, own: Own, tools: Tools) -> None:
    """Deploys the verifier if it doesn't stand there.

    Raises DeployerMissing, CircuitMismatch, and what the sender raises.
    """
    model = tools.workshop.model(view.record.rfp.model_id)
    if model is None or tools.verifiers.was_seen(model) or tools.verifiers.stands(model):
        return
    key = tools.next_key(f"verifier:{tools.verifiers.of(model).code_hash}")
    tools.submit_once(NAME, key, tools.verifiers.deployment(model))
