"""A town whose jobs are disputed: committed results that are right or wrong, true and false claims, answers.

The worker of the town is the one who is disputed, its other worker the claimer. Figures of gas come from `send`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Self

import numpy as np

from atomic_verify.canonical.evaluate import Keep
from atomic_verify.canonical.evidence import Case
from atomic_verify.canonical.traces import Storage, Trace
from atomic_verify.chain.call import Call
from atomic_verify.chain.dispute_calls import DisputeCalls
from atomic_verify.chain.presets import UNIT
from atomic_verify.commitments import Batch, Digest, encode_batch
from atomic_verify.commitments.tensors import Array
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.ids import claim_seal, job_id
from atomic_verify.protocol.quotes import typed_data
from atomic_verify.protocol.types import (
    Amount,
    ClaimTerms,
    Demand,
    Guarantee,
    Kind,
    ModelSpec,
    Outcome,
    Quote,
    Rfp,
    Run,
    StepProof,
    Subject,
)
from atomic_verify.storage.blobs import BlobStore
from bench.town import REQUESTER, WORKERS, Town
from prover.watching.answering import answer_from_batch, answer_from_trace
from prover.watching.claiming import make_exhibit
from prover.watching.gather import Evidenced
from prover.watching.meanings import Meaning, derive
from prover.watching.traces import store_trace, tensors_of

WORKER, CLAIMER = WORKERS
PRICE = Amount(10 * UNIT)
WINDOW = 3_600
ITEMS = 4
ELEMENT = 0
"""Of the first output: what is wrong, or said to be."""
URI = "https://gateway.example/v1/blobs/" + "ab" * 32


@dataclass
class Court:
    """A town with a disputable model that is published there."""

    town: Town
    model: InstalledModel
    meaning: Meaning
    store: BlobStore
    inputs: Batch
    honest: list[dict[str, Array]]
    """The items' right outputs."""
    put: Callable[[bytes], str] = lambda payload: URI
    """Has a payload served, and tells where."""
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @classmethod
    def open(cls, town: Town, model: InstalledModel, folder: str) -> Self:
        """`folder` keeps traces."""
        meaning, manifest = derive(model), model.manifest
        rng = np.random.default_rng(1)
        items = [{spec.name: _drawn(spec.dtype.numpy, spec.shape, rng) for spec in manifest.input_specs}] * ITEMS
        payload = encode_batch(manifest.input_specs, items)
        with meaning.evaluate(items[0]) as trace:
            honest = [trace.answer()] * ITEMS
        inputs = Batch.from_payload(manifest.input_specs, ITEMS, payload)
        return cls(town, model, meaning, BlobStore(folder), inputs, honest)

    @property
    def calls(self) -> DisputeCalls:
        return self.town.chain.calls.disputes

    @property
    def spec(self) -> ModelSpec:
        return self.model.manifest.spec()

    def send(self, who: int, call: Call) -> int:
        """Sends a transaction and returns its gas."""
        return self.town.send(who, call)

    def proofs(self, runs: tuple[Run, ...]) -> list[StepProof]:
        """The records of the steps whose leaves are asked for."""
        trees = self.meaning.trees
        return [StepProof(trees.record_list[run.tensor], tuple(trees.records.open(run.tensor))) for run in runs]

    def dispute(self, wrong: Outcome, falsified: int | None = None) -> "Dispute":
        """A committed job whose first item is as wrong as that, and a claim on it: true, or by a trace in which an
        element of the step `falsified`, and of the output, is made up.
        """
        rfp, outputs = self.commit(wrong)
        return Dispute(self, rfp, Evidenced(self.inputs, outputs), ELEMENT, falsified)

    def commit(self, wrong: Outcome) -> tuple[Rfp, Batch]:
        """A job whose worker commits a result of which the first item is right, or far from it."""
        outputs, specs = [dict(item) for item in self.honest], self.model.manifest.output_specs
        if wrong is not Outcome.NONE:
            outputs[0][specs[0].name] = _moved(outputs[0][specs[0].name], ELEMENT, 1.0)
        batch = Batch.from_payload(specs, ITEMS, encode_batch(specs, outputs))
        return self._committed(batch), batch

    def _committed(self, outputs: Batch) -> Rfp:
        """A job by quote, its result committed."""
        town, deployment = self.town, self.town.deployment
        rfp = Rfp(
            requester=town.address(REQUESTER),
            nonce=int.from_bytes(sha256(bytes([next(self.numbers)])).digest()[:8], "big"),
            model_id=self.model.model_id,
            input_root=self.inputs.root,
            item_count=ITEMS,
            token=deployment.utility_token,
            max_price=PRICE,
            job_bond=PRICE,
            bidding_time=0,
            reveal_time=0,
            execution_timeout=WINDOW,
            challenge_window=WINDOW,
            guarantee=Guarantee.OPTIMISTIC,
            kind=Kind.QUOTE,
        )
        job = job_id(deployment.chain_id, deployment.market, rfp)
        quote = Quote(job, town.address(WORKER), rfp.max_price, town.chain.timestamp() + 3600)
        signature = town.signers[WORKER].sign_typed_data(typed_data(deployment.chain_id, deployment.market, quote))
        uri = self.put(bytes(self.inputs.payload))
        self.send(REQUESTER, town.chain.calls.award_quote(rfp, quote, signature, uri))
        self.put(bytes(outputs.payload))
        digest = Digest(sha256(outputs.payload).digest())
        self.send(WORKER, town.chain.calls.commit(rfp, outputs.root, digest))
        return rfp


class Dispute:
    """One job that is disputed, and the one claim on it."""

    def __init__(self, court: Court, rfp: Rfp, data: Evidenced, element: int, falsified: int | None) -> None:
        self.court = court
        self.rfp = rfp
        self.data = data
        self.falsified_step = -1 if falsified is None else falsified
        self.falsified_element = element
        meaning = court.meaning
        with meaning.evaluate(data.inputs.item(0), Keep.ALL) as honest:
            tensors = [np.array(tensor) for tensor in tensors_of(honest)]
            output = meaning.program.outputs[0].step
            for step in set() if falsified is None else {falsified, output}:
                tensors[step] = _moved(tensors[step], element, 1.0)
            trace = Trace(meaning.program, honest.inputs, tuple(tensors), Storage())
            root, digest = store_trace(trace, court.store)
        self.trace = Case(meaning.program, trace, meaning.trees)
        self.terms = ClaimTerms(
            job_id(court.town.deployment.chain_id, court.town.deployment.market, rfp),
            0,
            0,
            element,
            root,
            Digest(bytes.fromhex(digest)),
        )
        self.salt = sha256(bytes(self.terms.job)).digest()

    @property
    def claim(self) -> int:
        """The claim's number, once it is revealed."""
        return int(self.newest("ClaimRevealed").args["claim"])

    def seal(self) -> int:
        """Gas of the seal."""
        town = self.court.town
        deployment = town.deployment
        disputes = deployment.address("Disputes")
        seal = claim_seal(deployment.chain_id, disputes, town.address(CLAIMER), self.terms, self.salt)
        return self.court.send(CLAIMER, self.court.calls.seal(seal))

    def reveal(self) -> int:
        """Gas of the reveal, which comes a second later."""
        court = self.court
        court.town.pass_time(1)
        exhibit = make_exhibit(self.terms, self.data, court.meaning, court.store)
        return court.send(CLAIMER, court.calls.reveal(self.rfp, court.spec, self.terms, self.salt, exhibit))

    def answer(self, line: int) -> int:
        """Gas of the answer to a line's open demand."""
        demand = Demand.from_json(self.newest("Demanded").args["demand"])
        of_trace = demand.subject is Subject.TRACE
        answer = answer_from_trace(demand, self.trace) if of_trace else answer_from_batch(demand, self.data.outputs)
        return self.court.send(CLAIMER if of_trace else WORKER, self.court.calls.answer(line, demand, answer))

    def newest(self, name: str) -> ChainEvent:
        """The chain's last event of this name."""
        town = self.court.town
        events = town.chain.events(town.deployment.block, town.chain.head().number)
        return next(event for event in reversed(events) if event.name == name)


def _drawn(dtype: "np.dtype[np.generic]", shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """A tensor of small numbers, which index something where they are integers."""
    return np.asarray(rng.random(shape) if dtype.kind == "f" else rng.integers(0, 200, shape)).astype(dtype)


def _moved(array: Array, element: int, far: float) -> Array:
    changed = np.array(array)
    changed.reshape(-1)[element] += far
    return changed
