"""The verifier contracts of the installed models: where each belongs on this chain, and whether it stands there.

Life cycle: before a proven commit. What counts is the hash of the code that stands there, which the model pins; anybody
may have put it there (see `chain.verifiers`).
"""

from dataclasses import dataclass, field

from atomic_verify.chain.call import Call
from atomic_verify.chain.rpc import Rpc
from atomic_verify.chain.verifiers import code_hash_of, deploy_call
from atomic_verify.models import InstalledModel
from atomic_verify.models.circuit import CircuitMismatch, verifier_address
from atomic_verify.protocol.primitives import Address, ModelId, parse_address


@dataclass(frozen=True, slots=True)
class Verifier:
    """A model's verifier contract: where it belongs, what creates it, the hash of the code that must stand there."""

    address: Address
    creation: bytes
    code_hash: str
    """As hexadecimal digits."""


@dataclass(slots=True)
class Verifiers:
    """The verifiers of the installed models on one chain. Used by one thread."""

    rpc: Rpc
    _known: dict[ModelId, Verifier] = field(default_factory=dict)
    _seen: set[ModelId] = field(default_factory=set)

    def of(self, model: InstalledModel) -> Verifier:
        """The model's verifier. Raises CircuitMismatch, ModelFileMissing, ModelDigestMismatch."""
        if model.model_id not in self._known:
            self._known[model.model_id] = _read(model)
        return self._known[model.model_id]

    def was_seen(self, model: InstalledModel) -> bool:
        """Whether the verifier stood there when it was last looked for."""
        return model.model_id in self._seen

    def stands(self, model: InstalledModel) -> bool:
        """Whether the verifier stands there now.

        Raises CircuitMismatch for other code, ChainUnavailable, RpcRefused.
        """
        verifier = self.of(model)
        found = code_hash_of(self.rpc, verifier.address)
        if found is None:
            self._seen.discard(model.model_id)
            return False
        if found.hex() != verifier.code_hash:
            raise CircuitMismatch(
                f"The verifier of {model.name} isn't the one that the model pins",
                hint="Build the model again: its verifier's creation code gives other code than its manifest says.",
                address=verifier.address,
                expected=verifier.code_hash,
                found=found.hex(),
            )
        self._seen.add(model.model_id)
        return True

    def deployment(self, model: InstalledModel) -> Call:
        """The call that puts the verifier there. Raises DeployerMissing, ChainUnavailable, RpcRefused."""
        return deploy_call(self.rpc, self.of(model).creation)

    def require_deployable(self, model: InstalledModel) -> None:
        """Refuses a model whose verifier neither stands on this chain nor can be put there.

        Raises DeployerMissing, and what `stands` raises.
        """
        if not self.stands(model):
            self.deployment(model)


def _read(model: InstalledModel) -> Verifier:
    critical = model.critical
    if critical is None:
        raise CircuitMismatch(f"{model.name} has no critical step", hint="Its results can't be proven.")
    try:
        creation = bytes.fromhex(critical.read("verifier_code").decode("ascii").strip().removeprefix("0x"))
    except ValueError as error:
        raise CircuitMismatch(f"The verifier code of {model.name} isn't hexadecimal text") from error
    return Verifier(parse_address(verifier_address(creation)), creation, critical.entry.verifier_code)
