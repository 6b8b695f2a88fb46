"""ABI and bytecode of the contracts, as they are packed into this package.

Life cycle: before all steps. An *artifact* is one JSON file in `abi/`, made from the compiler's output.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from atomic_verify.chain.errors import ArtifactMissing

JUDGES = ("Referee", "Examiner", "Disputes")
"""The contracts that decide disputes. A deployment of before has none of them."""
CONTRACTS = ("UtilityToken", "Registry", "Models", *JUDGES, "Proofs", "Results", "Market")
"""The contracts of a deployment."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One contract: `abi` is the JSON ABI, `bytecode` the creation code without constructor arguments."""

    name: str
    abi: tuple[Mapping[str, Any], ...]
    bytecode: bytes

    def entries(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The ABI's entries of one kind: "function", "event", "error" or "constructor"."""
        return (entry for entry in self.abi if entry.get("type") == kind)


@cache
def load(name: str) -> Artifact:
    """The artifact of a contract, such as "Market". Raises ArtifactMissing."""
    hint = "Build the contracts and write their ABI into the package (make contracts)."
    if name not in CONTRACTS:
        raise ArtifactMissing(f"There is no contract {name!r}", known=list(CONTRACTS))
    file = resources.files("atomic_verify.chain").joinpath("abi", f"{name}.json")
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        return Artifact(name, tuple(raw["abi"]), bytes.fromhex(raw["bytecode"].removeprefix("0x")))
    except FileNotFoundError:
        raise ArtifactMissing(f"The artifact of {name} is not in the package", hint=hint) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactMissing(f"The artifact of {name} is not readable", hint=hint, reason=str(error)[:200]) from None
