"""A claimer that a test moves by hand: real evaluations, seals, claims and lines, without the watcher."""

from pathlib import Path

from atomic_verify.canonical.evaluate import Keep
from atomic_verify.canonical.evidence import Case
from atomic_verify.chain.anvil import development_signer
from atomic_verify.chain.call import Call
from atomic_verify.chain.client import Chain
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.presets import UNIT
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.transactions import TxReceipt
from atomic_verify.commitments import Batch
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.dispute_types import ClaimTerms, Demand, Run, StepProof, Subject
from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.ids import claim_seal, job_id
from atomic_verify.protocol.types import Amount, Outcome, Rfp
from atomic_verify.storage.blobs import BlobStore
from prover.watching.answering import answer_from_batch, answer_from_trace
from prover.watching.claiming import make_exhibit, make_terms
from prover.watching.gather import Evidenced
from prover.watching.meanings import derive
from tests.integration.chain.support import MemoryStore

MONEY = Amount(1_000 * UNIT)


class HandClaimer:
    """An account with tokens, and what a model means. `data` are a job's inputs and committed outputs."""

    def __init__(self, chain: Chain, signer: Signer, model: InstalledModel, folder: Path) -> None:
        self.chain = chain
        self.calls = chain.calls.disputes
        self.spec = model.manifest.spec()
        self.manifest = model.manifest
        self.meaning = derive(model)
        self.store = BlobStore(folder / "traces")
        self.address = signer.address
        self._signer, self._folder = signer, folder
        token = chain.deployment.utility_token
        with TransactionSender(chain, development_signer(0), MemoryStore(), folder / "bank") as bank:
            bank.send(f"fund:{signer.address}", chain.calls.transfer_token(token, signer.address, MONEY))
        self.send(chain.calls.approve(token, MONEY))

    def send(self, call: Call) -> TxReceipt:
        """Sends a call, without memory of those before, so that a re-org can take them back."""
        with TransactionSender(self.chain, self._signer, MemoryStore(), self._folder) as sender:
            return sender.send(call.name, call)

    def data(self, rfp: Rfp, inputs: bytes, outputs: bytes) -> Evidenced:
        """The job's data, from both payloads."""
        count = rfp.item_count
        return Evidenced(
            Batch.from_payload(self.manifest.input_specs, count, inputs),
            Batch.from_payload(self.manifest.output_specs, count, outputs),
        )

    # Claims

    def seal(self, rfp: Rfp, data: Evidenced, item: int, element: int, salt: bytes = bytes(32)) -> ClaimTerms:
        job = job_id(self.chain.chain_id, self.chain.deployment.market, rfp)
        terms = make_terms(job, Wrong(item, 0, element, Outcome.VOID), data, self.meaning, self.store)
        self.send(self.calls.seal(self.seal_of(terms, salt)))
        return terms

    def seal_of(self, terms: ClaimTerms, salt: bytes = bytes(32)) -> bytes:
        return claim_seal(self.chain.chain_id, self.chain.deployment.disputes, self.address, terms, salt)

    def reveal(self, rfp: Rfp, data: Evidenced, terms: ClaimTerms, salt: bytes = bytes(32)) -> int:
        """Reveals a claim that was sealed in an earlier second; its number."""
        exhibit = make_exhibit(terms, data, self.meaning, self.store)
        return self._number("ClaimRevealed", self.calls.reveal(rfp, self.spec, terms, salt, exhibit), "claim")

    def uphold(self, rfp: Rfp, claim: int) -> None:
        self.send(self.calls.uphold(rfp, claim))

    # Lines

    def ask_result(self, rfp: Rfp, item: int, line: int = 0) -> int:
        """Demands the first leaf of an item of the result; the line."""
        call = self.calls.demand_item(rfp, self.spec, Subject.RESULT, item, (Run(0, 0, 1, 0),), line)
        return self._number("Demanded", call, "line")

    def ask_trace(self, rfp: Rfp, claim: int, step: int, line: int = 0) -> int:
        """Demands the first leaf of one step of a claim's trace; the line."""
        trees = self.meaning.trees
        proof = StepProof(trees.record_list[step], tuple(trees.records.open(step)))
        call = self.calls.demand_trace(rfp, self.spec, claim, (Run(step, 0, 1, 0),), (proof,), line)
        return self._number("Demanded", call, "line")

    def refute(self, rfp: Rfp, claim: int, data: Evidenced, item: int, place: tuple[int, int]) -> None:
        """Shows the element (step, element) of a trace of this account's own that breaks its law."""
        with self.meaning.evaluate(data.inputs.item(item), Keep.ALL) as trace:
            evidence = Case(self.meaning.program, trace).evidence(*place)
        self.send(self.calls.refute(rfp, self.spec, claim, evidence))

    def answer_trace(self, line: int, data: Evidenced, item: int) -> None:
        """Answers what was asked of this account's own trace."""
        demand = self.demand(line)
        with self.meaning.evaluate(data.inputs.item(item), Keep.ALL) as trace:
            self.send(self.calls.answer(line, demand, answer_from_trace(demand, Case(self.meaning.program, trace))))

    def answer_result(self, line: int, outputs: Batch) -> None:
        """Answers what was asked of a result."""
        demand = self.demand(line)
        self.send(self.calls.answer(line, demand, answer_from_batch(demand, outputs)))

    def demand(self, line: int) -> Demand:
        """The line's newest demand, as its event tells it."""
        events = self.chain.events(0, self.chain.head().number)
        found = [event.args for event in events if event.name == "Demanded" and event.args["line"] == line]
        return Demand.from_json(found[-1]["demand"])

    def _number(self, name: str, call: Call, key: str) -> int:
        receipt = self.send(call)
        events = self.chain.events(receipt.block_number, receipt.block_number)
        [number] = [event.args[key] for event in events if event.name == name and event.tx_hash == receipt.tx_hash]
        return int(number)
