"""The record of one deployment: where the contracts of one chain stand and what they were made with.

Life cycle: read before all steps, written once by `deploy`. It is `deployments/<chainId>.json` in the repository, or
any file of the same form.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from atomic_verify.chain.artifacts import CONTRACTS, JUDGES
from atomic_verify.chain.errors import DeploymentMalformed, DeploymentMissing, NoDisputes
from atomic_verify.chain.files import write_over
from atomic_verify.protocol.errors import AddressMalformed
from atomic_verify.protocol.primitives import Address, parse_address

MAX_FILE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Deployed:
    """One contract: its address and its constructor's arguments by name, plain JSON."""

    address: Address
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """All contracts of one chain. `block` is the first block that can hold their events."""

    chain_id: int
    block: int
    commit: str
    """The source's commit, or "unknown"."""
    preset: str
    """Name of the parameters that it was made with."""
    contracts: Mapping[str, Deployed]

    def address(self, contract: str) -> Address:
        """Where a contract stands. Raises NoDisputes for one of the judges in a deployment that has none."""
        found = self.contracts.get(contract)
        if found is None:
            raise NoDisputes(
                f"This deployment on chain {self.chain_id} has no {contract}: nobody can dispute its results",
                hint="Deploy again, or name the record of another deployment.",
                contract=contract,
            )
        return found.address

    @property
    def has_disputes(self) -> bool:
        return "Disputes" in self.contracts

    @property
    def disputes(self) -> Address:
        """Raises NoDisputes."""
        return self.address("Disputes")

    @property
    def market(self) -> Address:
        return self.address("Market")

    @property
    def results(self) -> Address:
        return self.address("Results")

    @property
    def registry(self) -> Address:
        return self.address("Registry")

    @property
    def models(self) -> Address:
        return self.address("Models")

    @property
    def utility_token(self) -> Address:
        return self.address("UtilityToken")

    @classmethod
    def load(cls, path: Path, chain_id: int | None = None) -> Self:
        """The deployment in a file, or of `chain_id` in a folder. Raises DeploymentMissing, DeploymentMalformed."""
        if path.is_dir() and chain_id is not None:
            path = path / f"{chain_id}.json"
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_FILE_BYTES + 1)
        except OSError:
            raise DeploymentMissing(
                f"There is no deployment at {path}", hint="Deploy with: atomic deploy, or start: atomic chain."
            ) from None
        try:
            if len(raw) > MAX_FILE_BYTES:
                raise ValueError("the file is too large")
            found = cls.from_json(json.loads(raw))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, AddressMalformed) as error:
            raise DeploymentMalformed(
                f"The deployment file is malformed: {path}", hint="Deploy again.", reason=str(error)[:200]
            ) from None
        if chain_id is not None and found.chain_id != chain_id:
            raise DeploymentMalformed(f"{path} is of chain {found.chain_id}, not {chain_id}", hint="Name another file.")
        return found

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        contracts = {
            name: Deployed(parse_address(raw["contracts"][name]["address"]), dict(raw["contracts"][name]["arguments"]))
            for name in CONTRACTS
            if name not in JUDGES or name in raw["contracts"]
        }
        chain_id, block = raw["chainId"], raw["block"]
        if not isinstance(chain_id, int) or not isinstance(block, int) or chain_id <= 0 or block < 0:
            raise ValueError("chainId and block are integers")
        return cls(chain_id, block, str(raw["commit"]), str(raw["preset"]), MappingProxyType(contracts))

    def to_json(self) -> dict[str, Any]:
        contracts = {
            name: {"address": one.address, "arguments": dict(one.arguments)} for name, one in self.contracts.items()
        }
        return {
            "chainId": self.chain_id,
            "block": self.block,
            "commit": self.commit,
            "preset": self.preset,
            "contracts": contracts,
        }

    def save(self, folder: Path) -> Path:
        """Writes `<chainId>.json` into a folder, whole or not at all, and returns its path."""
        path = folder / f"{self.chain_id}.json"
        write_over(path, (json.dumps(self.to_json(), indent=2) + "\n").encode())
        return path
