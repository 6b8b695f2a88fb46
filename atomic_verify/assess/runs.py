"""Ways to run a model, side by side: graphs, providers, levels of optimisation, threads. In this process.

For models whose file passed the check; a stranger's is checked in the sandbox first (`check`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from atomic_verify.assess.search import Item
from atomic_verify.commitments.tensors import Array
from atomic_verify.execution.providers import OPTIMISATIONS, ExecutionSettings, Provider, open_session
from atomic_verify.execution.runtime import Runtime

THREADS = (1, 2)


@dataclass(frozen=True, slots=True)
class Run:
    """One way to run a model."""

    name: str
    session: Any

    def __call__(self, item: Item) -> dict[str, Array]:
        """The outputs by name."""
        names = [output.name for output in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, item), strict=True))


def one_run(runtime: Runtime, graph: bytes, name: str = "plain") -> Run:
    """The usual way on the CPU, with one thread."""
    return Run(name, open_session(runtime, graph, Provider.CPU, ExecutionSettings(threads=1)))


def all_runs(runtime: Runtime, graph: bytes, providers: Iterable[Provider]) -> Sequence[Run]:
    """Every provider, level of optimisation and number of threads; the usual way first."""
    return [
        Run(
            f"{provider} {level.removeprefix('ORT_').lower()} {threads} threads",
            open_session(runtime, graph, provider, ExecutionSettings(threads=threads), level),
        )
        for provider in providers
        for level in reversed(OPTIMISATIONS)
        for threads in THREADS
    ]


def distance(left: dict[str, Array], right: dict[str, Array]) -> float:
    """The largest difference of float outputs; what isn't finite is infinitely far from all else."""
    worst = 0.0
    for name, array in left.items():
        if array.dtype.kind == "f" and array.size:
            with np.errstate(invalid="ignore", over="ignore"):
                away = np.abs(array.astype(np.float64) - right[name].astype(np.float64))
            worst = max(worst, float(np.max(np.where(np.isnan(away), np.inf, away))))
    return worst
