"""A town for stories of proofs: two tiny models with critical steps, and workers whose circuits need no EZKL."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from atomic_verify.models import InstalledModel, ModelLibrary
from atomic_verify.protocol.primitives import JobId
from atomic_verify.protocol.types import Guarantee, Rfp
from prover.daemon import Hooks
from tests.integration.prover.town import LiveWorker, Town
from tests.support.proven_models import PlayCircuits

HYBRID, PROVEN = Guarantee.HYBRID, Guarantee.PROVEN


def rows(items: int) -> bytes:
    return np.random.default_rng(7).uniform(-2, 2, (items, 4)).astype("<f4").tobytes()


def reasons(worker: LiveWorker, job: JobId, kind: str) -> list[tuple[str, str]]:
    return [(one.outcome, one.reason) for one in worker.running.tools.decisions.of(job, kind)]


@dataclass(frozen=True)
class Posted:
    """A job that was posted, and its input."""

    rfp: Rfp
    job: JobId
    payload: bytes


@dataclass
class ProvingTown:
    """A town whose workers prove with play circuits."""

    town: Town
    play: PlayCircuits = field(default_factory=PlayCircuits)

    def model(self, guarantee: Guarantee) -> InstalledModel:
        return ModelLibrary(self.town.models_dir).get("head" if guarantee is HYBRID else "whole")

    def hire(self, index: int = 2, play: PlayCircuits | None = None, **changes: Any) -> LiveWorker:
        return self.town.hire(index, hooks=Hooks(open_circuit=(play or self.play).open), **changes)

    def post(self, guarantee: Guarantee, items: int = 3, on: Guarantee | None = None, **changes: Any) -> Posted:
        payload = rows(items)
        rfp = self.town.rfp(payload, self.model(on or guarantee), guarantee=guarantee, **changes)
        return Posted(rfp, self.town.post(rfp, self.town.host.put(payload)), payload)
