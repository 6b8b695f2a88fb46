"""Every call that a claimer, a refuter or a line's sides make; only here are the disputes contract's ABI names spelt.

Life cycle: claim and line; the part of `calls` that is about disputes. The terms of a job and a model's spec come along
in most calls, since the chain keeps only their hashes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from eth_abi.abi import encode

from atomic_verify.chain.call import Call, call_to
from atomic_verify.chain.deployment import Deployment
from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.dispute_types import Answer, ClaimTerms, Demand, Exhibit, Run, StepProof, Subject
from atomic_verify.protocol.primitives import Address
from atomic_verify.protocol.types import ModelSpec, Rfp


class AbiValue(Protocol):
    """A record that tells its values as ABI encoders take them, such as the evidence that `canonical` makes."""

    def to_abi(self) -> tuple[Any, ...]: ...


@dataclass(frozen=True, slots=True)
class DisputeCalls:
    """Builds the calls to one deployment's disputes contract. Each raises NoDisputes where there is none."""

    deployment: Deployment

    # Claims

    def seal(self, seal: bytes) -> Call:
        """`seal` is `protocol.ids.claim_seal(...)`; locks the bond of a claim that nobody can read yet."""
        return self._call("seal", seal)

    def reveal(
        self, rfp: Rfp, spec: ModelSpec, terms: ClaimTerms, salt: bytes, exhibit: Exhibit, line: int = 0
    ) -> Call:
        """`line` is an answered line of the claimer's own on that item, where the seal is younger than the window."""
        values = (rfp.to_abi(), encode_spec(spec), terms.to_abi(), salt, exhibit.to_abi(), line)
        return self._call("reveal", *values)

    def burn_seal(self, claimer: Address, seal: bytes) -> Call:
        """Burns the bond of a seal that was not revealed in time."""
        return self._call("burnSeal", claimer, seal)

    def refute(self, rfp: Rfp, spec: ModelSpec, claim: int, evidence: AbiValue) -> Call:
        """`evidence` is a `canonical.evidence.Evidence`: an element of the trace that breaks its law."""
        return self._call("refute", rfp.to_abi(), encode_spec(spec), claim, evidence.to_abi())

    def refute_record(
        self, rfp: Rfp, spec: ModelSpec, claim: int, index: int, record: bytes, path: Sequence[Digest]
    ) -> Call:
        """`index` counts the program's records; that of the outputs comes after the steps'."""
        return self._call("refuteRecord", rfp.to_abi(), encode_spec(spec), claim, index, record, list(path))

    def refute_citation(self, rfp: Rfp, spec: ModelSpec, claim: int, citation: AbiValue) -> Call:
        """`citation` is an operand's record beside the record that it names, as IReferee.Citation."""
        return self._call("refuteCitation", rfp.to_abi(), encode_spec(spec), claim, citation.to_abi())

    def refute_output(
        self, rfp: Rfp, spec: ModelSpec, claim: int, output: int, outputs: StepProof, step: StepProof
    ) -> Call:
        values = (claim, output, outputs.to_abi(), step.to_abi())
        return self._call("refuteOutput", rfp.to_abi(), encode_spec(spec), *values)

    def dismiss(self, rfp: Rfp, claim: int) -> Call:
        """Kills a claim on a model that was shown to be invalid."""
        return self._call("dismiss", rfp.to_abi(), claim)

    def uphold(self, rfp: Rfp, claim: int) -> Call:
        """Ends a claim that outlived its window and its lines."""
        return self._call("uphold", rfp.to_abi(), claim)

    # Lines

    def demand_trace(
        self,
        rfp: Rfp,
        spec: ModelSpec,
        claim: int,
        runs: Sequence[Run],
        proofs: Sequence[StepProof],
        line: int = 0,
    ) -> Call:
        """Asks for leaves of a claim's trace, in a new line or in an open one; `proofs` has each run's step."""
        asked, shown = [run.to_abi() for run in runs], [proof.to_abi() for proof in proofs]
        return self._call("demandTrace", rfp.to_abi(), encode_spec(spec), claim, line, asked, shown)

    def demand_item(
        self, rfp: Rfp, spec: ModelSpec, subject: Subject, item: int, runs: Sequence[Run], line: int = 0
    ) -> Call:
        """Asks for leaves of one item of a committed result or of an input, in a new line or in an open one."""
        asked = [run.to_abi() for run in runs]
        return self._call("demandItem", rfp.to_abi(), encode_spec(spec), int(subject), item, line, asked)

    def answer(self, line: int, demand: Demand, given: Answer) -> Call:
        """Answers a line's open demand, whole as its event tells it."""
        return self._call("answer", line, demand.to_abi(), given.to_abi())

    def lapse(self, rfp: Rfp, line: int) -> Call:
        """Ends a line whose answerer's clock has run out."""
        return self._call("lapse", rfp.to_abi(), line)

    def close_line(self, rfp: Rfp, line: int) -> Call:
        return self._call("closeLine", rfp.to_abi(), line)

    def _call(self, function: str, *values: Any) -> Call:
        return call_to(self.deployment, "Disputes", function, *values)


def encode_spec(spec: ModelSpec) -> bytes:
    """A model's spec as the disputes contract takes it: abi.encode(spec), which its id is the hash of."""
    return encode([ModelSpec.abi_type()], [spec.to_abi()])
