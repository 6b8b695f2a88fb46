"""Which guarantees a model offers, what is asked beyond that, and how long a worker needs for one.

Life cycle: before post. A guarantee that the model doesn't offer, or too many items for it, is refused before anything
is stored or planned. Offers follow from the model's critical step; see `protocol.terms`.
"""

from collections.abc import Mapping
from math import ceil
from types import MappingProxyType
from typing import Any, Final

from atomic_verify.models.circuit import CircuitManifest
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.errors import TermsRefused
from atomic_verify.protocol.proofs import read_tensor, scores_tensor
from atomic_verify.protocol.terms import CRITICAL_OF, MAX_PROVEN_ITEMS
from atomic_verify.protocol.types import CriticalKind, Guarantee, ModelSpec, to_hex

DEFAULT_EXECUTION: Final = 600
"""Seconds for executing and committing, whatever the guarantee."""
PROVING_FACTOR: Final = 10
"""A worker may have slower cores than those that the circuit was measured on, and other jobs before this one."""
_GUARANTEE_OF: Final[Mapping[CriticalKind, Guarantee]] = MappingProxyType(
    {kind: guarantee for guarantee, kind in CRITICAL_OF.items()}
)


def offered(kind: CriticalKind) -> tuple[str, ...]:
    """The guarantees that a model with this kind of critical step offers, by their names in requests."""
    proven = _GUARANTEE_OF.get(kind)
    return ("optimistic", *(() if proven is None else (proven.name.lower(),)))


def require_offered(name: str, kind: CriticalKind, guarantee: Guarantee, items: int) -> None:
    """Refuses a guarantee that the model `name` doesn't offer, or more items than it takes. Raises TermsRefused."""
    names = offered(kind)
    asked = guarantee.name.lower()
    if asked not in names:
        raise TermsRefused(
            f"The model {name} doesn't offer the guarantee {asked}: it offers {' and '.join(names)}.",
            hint="Ask for another guarantee, or for another model: /v1/models tells what each offers.",
            field="guarantee",
            offered=list(names),
        )
    if guarantee is not Guarantee.OPTIMISTIC and items > MAX_PROVEN_ITEMS:
        raise TermsRefused(
            f"A {asked} job has at most {MAX_PROVEN_ITEMS} items, since all proofs are checked in one transaction.",
            hint=f"Split the {items} items into several jobs.",
            field="itemCount",
            maximum=MAX_PROVEN_ITEMS,
        )


def execution_seconds(model: InstalledModel, guarantee: Guarantee, items: int, longest: int) -> int:
    """The default time from award to commit: with time for proving each item, where items are proven, and at most the
    market's `longest`. Raises ModelFileMissing, ModelDigestMismatch, CircuitInvalid.
    """
    if guarantee is Guarantee.OPTIMISTIC or model.critical is None:
        return min(DEFAULT_EXECUTION, longest)
    cost = CircuitManifest.parse(model.critical.read("circuit")).cost
    return min(DEFAULT_EXECUTION + ceil(items * cost.prove_seconds * PROVING_FACTOR), longest)


def critical_view(spec: ModelSpec, circuit: str | None) -> dict[str, Any] | None:
    """What a client may know of a model's critical step; None without one. `circuit` is its name, if known."""
    step = spec.critical
    if step.kind is CriticalKind.NONE:
        return None
    return {
        "kind": step.kind.name.lower(),
        "circuit": {"name": circuit, "digest": to_hex(step.circuit)},
        "srs": "development" if step.development else "ceremony",
        "reads": read_tensor(spec).name,
        "gives": scores_tensor(spec).name,
        "input_scale": step.input_scale,
        "output_scale": step.output_scale,
        "limit": step.limit,
        "certain_margin": {"quanta": step.certain_margin, "score": step.certain_margin * 2.0**-step.output_scale},
        "verification_key": to_hex(step.verification_key),
        "verifier_code": to_hex(step.verifier_code),
        "max_items": MAX_PROVEN_ITEMS,
    }
