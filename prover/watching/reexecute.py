"""One committed result executed again: fast for all items, canonically for those that fast execution can't pass.

Life cycle: challenge window. What comes out is an *examination*: which items are wrong, each with the element that
shows it, decided by the model's meaning and by nothing that differs between machines.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atomic_verify.commitments import MalformedBool
from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.types import Outcome, Rfp
from prover.watching.compare import compare
from prover.watching.gather import Evidenced
from prover.watching.judging import judge
from prover.watching.meanings import Meaning
from prover.watching.shown import Data

FINDINGS = 64
"""Void items that are looked for in one result: more would be claims without end, and the bond pays for less."""

Execute = Callable[[bytes, int], bytes]
"""The fast outputs of an input payload with that many items."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What re-executing a result showed. `worst` is the largest passed difference, as a share of accept."""

    items: int
    evaluated: int
    """Items that needed their canonical evaluation."""
    findings: tuple[Wrong, ...]
    worst: float

    @property
    def outcome(self) -> Outcome:
        """The gravest finding's; NONE if every item agrees."""
        return max((found.outcome for found in self.findings), default=Outcome.NONE)

    def to_json(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "evaluated": self.evaluated,
            "worst": self.worst,
            "findings": [wrong_to_json(found) for found in self.findings],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Examination":
        """The examination that `to_json` wrote."""
        findings = tuple(wrong_from_json(found) for found in values["findings"])
        return cls(values["items"], values["evaluated"], findings, values["worst"])


def wrong_to_json(wrong: Wrong) -> dict[str, Any]:
    """A wrong item for the decision log."""
    return {
        "item": wrong.item,
        "output": wrong.output,
        "element": wrong.element,
        "outcome": wrong.outcome.name.lower(),
    }


def wrong_from_json(values: Mapping[str, Any]) -> Wrong:
    """The wrong item that `wrong_to_json` wrote."""
    return Wrong(values["item"], values["output"], values["element"], Outcome[values["outcome"].upper()])


def reexecute(rfp: Rfp, data: Evidenced, meaning: Meaning, execute: Execute) -> Examination:
    """Examines all items of a result. Raises what executing and evaluating raise."""
    manifest = meaning.manifest
    own = execute(bytes(data.inputs.payload), rfp.item_count)
    accepts = [entry.accept for entry in manifest.outputs]
    compared = compare(manifest.output_signature, accepts, rfp.item_count, data.outputs.payload, own)
    evaluated, findings = examine(compared.suspects, data, meaning)
    return Examination(rfp.item_count, evaluated, findings, compared.worst)


def examine(items: Sequence[int], data: Data, meaning: Meaning) -> tuple[int, tuple[Wrong, ...]]:
    """How many of the items were evaluated canonically, and what was found; it ends at the first fraud, which decides
    the whole result, and after FINDINGS void items."""
    findings: list[Wrong] = []
    for done, item in enumerate(items, start=1):
        found = examine_item(item, data, meaning)
        if found is not None:
            findings.append(found)
        if (found is not None and found.outcome is Outcome.SLASH) or len(findings) >= FINDINGS:
            return done, tuple(findings)
    return len(items), tuple(findings)


def examine_item(item: int, data: Data, meaning: Meaning) -> Wrong | None:
    """What the canonical evaluation of one item says of it; an item whose input no model takes is passed."""
    try:
        inputs = data.inputs.item(item)
    except MalformedBool:
        return None
    manifest = meaning.manifest
    with meaning.evaluate(inputs) as trace:
        committed = data.outputs.item_payload(item)
        return judge(item, manifest.outputs, manifest.void_only, trace, manifest.output_signature, committed)
