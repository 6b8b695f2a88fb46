"""A town for watcher stories: a tiny disputable model, results and claims by the test itself, true or not, watchers.

Results are committed by quote, so that a story begins with a committed result. Time is moved as in `town`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np

from atomic_verify.canonical.buffers import Buffers
from atomic_verify.canonical.evaluate import Keep, evaluate
from atomic_verify.canonical.evidence import Case
from atomic_verify.canonical.kernels import compile_step
from atomic_verify.canonical.traces import Trace
from atomic_verify.chain import keystore
from atomic_verify.chain.anvil import development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.dispute_calls import DisputeCalls
from atomic_verify.chain.presets import UNIT
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.commitments import Batch
from atomic_verify.config import Settings, load_settings
from atomic_verify.models import InstalledModel, ModelLibrary
from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.ids import claim_seal, demand_hash
from atomic_verify.protocol.primitives import Address, Amount, JobId
from atomic_verify.protocol.quotes import typed_data
from atomic_verify.protocol.types import (
    Answer,
    ClaimTerms,
    Demand,
    Guarantee,
    JobState,
    Kind,
    Outcome,
    Quote,
    Rfp,
    Subject,
    Turn,
)
from atomic_verify.storage.blobs import BlobStore
from prover.daemon import Hooks
from prover.watching.answering import answer_from_batch, answer_from_trace
from prover.watching.claiming import make_exhibit, make_terms
from prover.watching.daemon import RunningWatcher, opened_watcher
from prover.watching.gather import Evidenced
from prover.watching.meanings import Meaning, derive
from tests.integration.prover.town import BOND, PASSWORD, PRICE, WINDOW, InputHost, Town

LIAR, WATCHER, CLAIMER = 3, 4, 5
ACCEPT, SLASH = 1e-5, 8e-5
"""The tiny model's, as `tests.support.tiny_models` declares them."""


@dataclass
class LiveWatcher:
    """A watcher whose loop runs in a thread. `died` is what ended it, if that wasn't `stop`."""

    running: RunningWatcher
    stack: ExitStack
    thread: threading.Thread | None = None
    died: BaseException | None = None

    def start(self) -> "LiveWatcher":
        def loop() -> None:
            try:
                self.running.watcher.run()
            except BaseException as error:  # a story's stand-in for kill -9
                self.died = error

        self.thread = threading.Thread(target=loop, daemon=True)
        self.thread.start()
        return self

    def status(self) -> dict[str, Any]:
        return dict(self.running.watcher.status())

    def stop(self) -> None:
        """Ends it; twice does no harm."""
        self.running.watcher.stop()
        if self.thread is not None:
            self.thread.join(60)
            assert not self.thread.is_alive()
        self.stack.close()


@dataclass
class Committed:
    """A result that the liar committed."""

    job: JobId
    rfp: Rfp
    inputs: Batch
    outputs: Batch


@dataclass
class WatchTown:
    """See the module."""

    town: Town
    outputs: InputHost
    """Where the liar serves its outputs and the claimer its traces."""
    watchers: list[LiveWatcher] = field(default_factory=list)
    claimed: dict[bytes, tuple[Meaning, Committed, ClaimTerms]] = field(default_factory=dict)
    """By the root of the trace."""
    _senders: dict[int, TransactionSender] = field(default_factory=dict)

    @property
    def chain(self) -> Chain:
        return self.town.chain

    @property
    def model(self) -> InstalledModel:
        return ModelLibrary(self.town.models_dir).get("tiny")

    @property
    def meaning(self) -> Meaning:
        return derive(self.model)

    @property
    def calls(self) -> DisputeCalls:
        return DisputeCalls(self.town.deployment)

    # People

    def sender(self, index: int) -> TransactionSender:
        """The sender of an account that has tokens which the market may take."""
        if index not in self._senders:
            made = self.town.sender(index)
            self._senders[index] = made
            self.fund(index)
            made.send("allow", self.chain.calls.approve(self.town.deployment.utility_token, Amount(10**6 * UNIT)))
        return self._senders[index]

    def fund(self, index: int, amount: Amount = Amount(1000 * UNIT)) -> None:
        token, address = self.town.deployment.utility_token, Address(development_signer(index).address)
        self.town.bank.send(f"tokens:{index}", self.chain.calls.transfer_token(token, address, amount))

    def endpoint(self) -> str:
        return self.outputs.url("x").removesuffix("/v1/blobs/x")

    def hire_liar(self) -> TransactionSender:
        """A staked worker without a program: the test commits for it."""
        sender = self.sender(LIAR)
        sender.send("stake", self.chain.calls.stake(Amount(50 * UNIT)))
        sender.send("announce", self.chain.calls.announce(self.endpoint()))
        return sender

    def settings(self, name: str = "watcher", index: int = WATCHER, **changes: Any) -> Settings:
        """A watcher's settings; its keystore is made at the first call."""
        home = self.town.folder / name
        if not home.exists():
            home.mkdir()
            (home / "password").write_text(PASSWORD)
            key = bytes(development_signer(index)._account.key)
            keystore.create(home / "key.json", PASSWORD, key=key, rounds=2)
        watcher = {
            "port": 0,
            "poll_seconds": 0.05,
            "threads": 1,
            "sandbox": "never",
            "tries": 2,
            "patience_seconds": 0,
            "margin_seconds": 1,
            "grace_seconds": 1,
            **changes.pop("watcher", {}),
        }
        usual = {
            "rpc_url": self.town.anvil.url,
            "deployments_dir": self.town.folder / "deployments",
            "data_dir": home,
            "models_dir": self.town.models_dir,
            "allow_private_inputs": True,
            "watcher": watcher,
        }
        if watcher.get("defend"):
            usual |= {"keystore": home / "key.json", "password_file": home / "password"}
        return load_settings(**{**usual, **changes})

    def watch(self, name: str = "watcher", hooks: Hooks | None = None, **changes: Any) -> LiveWatcher:
        """A running watcher that only reports."""
        stack = ExitStack()
        running = stack.enter_context(opened_watcher(self.settings(name, **changes), hooks))
        live = LiveWatcher(running, stack)
        self.watchers.append(live)
        return live.start()

    def defend(self, name: str = "watcher", hooks: Hooks | None = None, **watcher: Any) -> LiveWatcher:
        """A running watcher with an account."""
        self.fund(WATCHER)
        return self.watch(name, hooks, watcher={"defend": True, **watcher})

    # Results

    def payload(self, items: int = 4, seed: int = 0) -> bytes:
        return np.random.default_rng(seed).normal(size=(items, 4)).astype(np.float32).tobytes()

    def meant(self, payload: bytes) -> bytearray:
        """The outputs of a payload, as they are meant, rounded."""
        program, specs = self.meaning.program, self.model.manifest.input_specs
        batch = Batch.from_payload(specs, len(payload) // 16, payload)
        found = bytearray()
        for item in range(batch.item_count):
            found += evaluate(program, batch.item(item)).answer()["y"].tobytes()
        return found

    def commit(
        self,
        tamper: Callable[["np.ndarray[Any, Any]"], None] = lambda outputs: None,
        *,
        items: int = 4,
        serves_input: bool = True,
        serves_output: bool = True,
        window: int = 600,
        payload_of: Callable[[bytes], bytes] = bytes,
    ) -> Committed:
        """Has the liar commit a result whose outputs float32[items, 4] were tampered with.

        `payload_of` makes of the outputs what it commits the digest of.
        """
        town, liar = self.town, self.hire_liar()
        payload = self.payload(items, seed=town.nonce)
        made = self.meant(payload)
        tamper(np.frombuffer(made, dtype=np.float32).reshape(items, 4))
        manifest = self.model.manifest
        inputs = Batch.from_payload(manifest.input_specs, items, payload)
        outputs = Batch.from_payload(manifest.output_specs, items, bytes(made))
        uri = town.host.put(payload)
        if not serves_input:
            town.host.blobs.clear()
        if serves_output:
            self.outputs.put(bytes(made))
        rfp = self.rfp(inputs, window)
        job = town.id_of(rfp)
        signer = development_signer(LIAR)
        quote = Quote(job, Address(signer.address), rfp.max_price, town.now() + 1_000)
        signature = signer.sign_typed_data(typed_data(self.chain.chain_id, town.deployment.market, quote))
        town.requester.send(f"award:{job.hex()}", self.chain.calls.award_quote(rfp, quote, signature, uri))
        digest = sha256(payload_of(bytes(made))).digest()
        liar.send(f"commit:{job.hex()}", self.chain.calls.commit(rfp, outputs.root, digest))
        return Committed(job, rfp, inputs, outputs)

    def rfp(self, inputs: Batch, window: int = 600, kind: Kind = Kind.QUOTE) -> Rfp:
        """Terms for the tiny model."""
        town = self.town
        town.nonce += 1
        bidding = WINDOW if kind is Kind.AUCTION else 0
        return Rfp(
            requester=Address(town.requester.address),
            nonce=town.nonce,
            model_id=self.model.model_id,
            input_root=inputs.root,
            item_count=inputs.item_count,
            token=town.deployment.utility_token,
            max_price=PRICE,
            job_bond=BOND,
            bidding_time=bidding,
            reveal_time=bidding,
            execution_timeout=WINDOW,
            challenge_window=window,
            guarantee=Guarantee.OPTIMISTIC,
            kind=kind,
        )

    def buy(self, items: int = 4) -> Committed:
        """A result by a worker that was hired before, by auction."""
        town, specs = self.town, self.model.manifest.input_specs
        payload = self.payload(items, seed=town.nonce)
        inputs = Batch.from_payload(specs, items, payload)
        rfp = self.rfp(inputs, kind=Kind.AUCTION)
        job = town.post(rfp, town.host.put(payload))
        town.play(job, rfp, to=JobState.COMMITTED)
        digest = town.events(job, "Committed")[0].args["payloadDigest"][2:]
        store = next(worker.running.tools.blobs for worker in town.workers)
        outputs = Batch.from_payload(self.model.manifest.output_specs, items, store.get(digest))
        return Committed(job, rfp, inputs, outputs)

    # Claims by the test

    def claim(
        self,
        made: Committed,
        wrong: Wrong,
        *,
        serves_trace: bool = True,
        meaning: Meaning | None = None,
        garbage: bytes | None = None,
    ) -> tuple[ClaimTerms, int]:
        """Seals and reveals a claim with the trace of `meaning`; its terms and number. `garbage` is served instead."""
        sender, used = self.sender(CLAIMER), meaning or self.meaning
        store = BlobStore(f"memory://claims-{made.job.hex()}")
        data = Evidenced(made.inputs, made.outputs)
        terms = make_terms(made.job, wrong, data, used, store)
        self.claimed[terms.trace] = (used, made, terms)
        exhibit = make_exhibit(terms, data, used, store)
        if garbage is not None:
            terms = replace(terms, trace_digest=sha256(garbage).digest())
            self.outputs.put(garbage)
        elif serves_trace:
            self.outputs.put(store.get(terms.trace_digest.hex()))
        salt = bytes(32)
        disputes = self.town.deployment.address("Disputes")
        seal = claim_seal(self.chain.chain_id, disputes, Address(sender.address), terms, salt)
        sender.send("announce", self.chain.calls.announce(self.endpoint()))
        sender.send(f"seal:{seal.hex()}", self.calls.seal(seal))
        self.town.jump(1)
        call = self.calls.reveal(made.rfp, self.model.manifest.spec(), terms, salt, exhibit)
        sender.send(f"reveal:{seal.hex()}", call)
        (event,) = self.town.events(made.job, "ClaimRevealed")
        return terms, int(event.args["claim"])

    def answer(self, demand: Demand, of: Committed | None = None) -> Answer:
        """The claimer's answer from its trace, or the worker's from its result or input."""
        if of is not None:
            return answer_from_batch(demand, of.inputs if demand.subject is Subject.INPUT else of.outputs)
        meaning, made, terms = self.claimed[demand.root]
        trace = meaning.evaluate(made.inputs.item(terms.item), Keep.ALL)
        return answer_from_trace(demand, Case(meaning.program, trace))

    def answer_lines(self, made: Committed | None = None) -> bool:
        """Answers every open demand, of a result and its input if it is given; false, to be called while waiting."""
        for event in self.town.events(name="Demanded"):
            line, number = int(event.args["line"]), event.args["round"]
            key = f"answer:{line}:{number}"
            if self.chain.line_of(line).turn is not Turn.ANSWERER:
                continue
            demand = Demand.from_json(event.args["demand"])
            if self.sender(CLAIMER).intent(key) is None and demand_hash(demand) == self.chain.line_of(line).demand:
                self.sender(CLAIMER).send(key, self.calls.answer(line, demand, self.answer(demand, made)))
        return False

    def lying_meaning(self, first: float | None = None) -> Meaning:
        """A meaning whose evaluations are false in the middle: what a false claim is made of.

        `first` is put into the first element of the first step besides, with nothing that follows from it.
        """
        made = LyingMeaning(self.model, self.meaning.program)
        made.first = first
        return made

    # What happened

    def open_lines(self) -> list[int]:
        """The lines that aren't closed."""
        found = [int(event.args["line"]) for event in self.town.events(name="LineOpened")]
        return [line for line in found if self.chain.line_of(line).turn is not Turn.CLOSED]

    def names(self, job: JobId) -> list[str]:
        return [event.name for event in self.town.events(job)]

    def close(self) -> None:
        for watcher in self.watchers:
            watcher.stop()
        self.outputs.close()


class LyingMeaning(Meaning):
    """Evaluates, and moves one element in the middle, with all that follows from it."""

    first: float | None = None

    def evaluate(self, inputs: Any, keep: Any = Keep.ALL) -> Trace:
        program = self.program
        honest = super().evaluate(inputs, Keep.ALL)
        tensors = [np.array(honest.tensor(step)) for step in range(len(program.steps))]
        middle = len(tensors) // 2
        tensors[middle].reshape(-1)[2] += 1.0
        buffers = Buffers()
        for number in range(middle + 1, len(tensors)):
            kernel = compile_step(program.steps[number], program.weights)
            kernel(honest.inputs, tensors, tensors[number], buffers)
        if self.first is not None:
            tensors[0].reshape(-1)[0] = self.first
        return Trace(program, honest.inputs, tuple(tensors), honest.storage)


@contextmanager
def watch_town(town: Town) -> Iterator[WatchTown]:
    """A watch town, closed at the end."""
    made = WatchTown(town, InputHost())
    try:
        yield made
    finally:
        made.close()


def wrong(item: int = 1, element: int = 2, outcome: Outcome = Outcome.SLASH) -> Wrong:
    return Wrong(item, 0, element, outcome)
