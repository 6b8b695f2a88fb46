"""A worker that a test moves by hand: real transactions and real inference, without the daemon."""

import json
import threading
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from atomic_verify.chain.anvil import development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.presets import UNIT
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.verifiers import deploy_call
from atomic_verify.commitments import Batch, encode_batch
from atomic_verify.models.circuit import verifier_address
from atomic_verify.models.library import ModelLibrary
from atomic_verify.protocol.auction import award
from atomic_verify.protocol.ids import bid_seal, job_id
from atomic_verify.protocol.quotes import typed_data
from atomic_verify.protocol.types import Address, Amount, BidStatus, Quote, Rfp, Submission, parse_address
from tests.integration.chain.support import MemoryStore
from tests.support.odd_calldata import backwards

STAKE = Amount(20 * UNIT)
SALT = b"\x07" * 32


class HandWorker:
    """A staked and announced worker; `served` are the blobs that its door hands out."""

    def __init__(self, chain: Chain, signer: Signer, models_dir: Path, folder: Path) -> None:
        self.chain = chain
        self.signer = signer
        self.sender = TransactionSender(chain, signer, MemoryStore(), folder)
        self.models = ModelLibrary(models_dir)
        self.served: dict[str, bytes] = {}
        self.quotes_at: int | None = None
        """The price at which it signs quotes; None: it declines."""
        self._server = _serve(self)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    @classmethod
    def start(cls, chain: Chain, signer: Signer, models_dir: Path, folder: Path) -> "HandWorker":
        worker = cls(chain, signer, models_dir, folder)
        token = chain.deployment.utility_token
        with TransactionSender(chain, development_signer(0), MemoryStore(), folder / "bank") as bank:
            bank.send(f"fund:{signer.address}", chain.calls.transfer_token(token, signer.address, STAKE))
        worker.sender.send("approve", chain.calls.approve(token, STAKE))
        worker.sender.send("stake", chain.calls.stake(STAKE))
        worker.sender.send("announce", chain.calls.announce(worker.endpoint))
        return worker

    @property
    def address(self) -> Address:
        return self.signer.address

    def bid(self, rfp: Rfp, price: int) -> None:
        market = self.chain.deployment.market
        job = job_id(self.chain.chain_id, market, rfp)
        seal = bid_seal(self.chain.chain_id, market, job, self.address, Amount(price), SALT)
        self.sender.send(f"bid:{job.hex()}", self.chain.calls.bid(rfp, seal))

    def reveal(self, rfp: Rfp, price: int) -> None:
        self.sender.send(f"reveal:{rfp.nonce}", self.chain.calls.reveal(rfp, Amount(price), SALT))

    def award(self, rfp: Rfp, bidders: list[Address]) -> None:
        job = job_id(self.chain.chain_id, self.chain.deployment.market, rfp)
        bids = {worker: self.chain.bid_of(job, worker) for worker in bidders}
        revealed = {worker: bid for worker, bid in bids.items() if bid.status is BidStatus.REVEALED}
        decision = award(revealed, rfp.max_price)
        self.sender.send(f"award:{rfp.nonce}", self.chain.calls.award(rfp, decision.bidders))

    def outputs(self, rfp: Rfp, payload: bytes) -> bytes:
        """The model's outputs for an input payload, by bare onnxruntime."""
        model = self.models.by_id(rfp.model_id)
        session = onnxruntime.InferenceSession(model.executable().graph, providers=["CPUExecutionProvider"])
        inputs = Batch.from_payload(model.manifest.input_specs, rfp.item_count, payload)
        names = [spec.name for spec in model.manifest.output_specs]
        items: list[dict[str, Any]] = []
        for index in range(rfp.item_count):
            found = session.run(names, inputs.item(index))
            items.append({name: np.asarray(value) for name, value in zip(names, found, strict=True)})
        return encode_batch(model.manifest.output_specs, items)

    def commit(self, rfp: Rfp, outputs: bytes, *, serve: bool = True, root: bytes | None = None) -> None:
        model = self.models.by_id(rfp.model_id)
        digest = sha256(outputs)
        if serve:
            self.served[digest.hexdigest()] = outputs
        found = root or Batch.from_payload(model.manifest.output_specs, rfp.item_count, outputs).root
        self.sender.send(f"commit:{rfp.nonce}", self.chain.calls.commit(rfp, found, digest.digest()))

    def deploy_verifier(self, creation: bytes) -> Address:
        """Puts a verifier where its creation code says."""
        self.sender.send(f"verifier:{len(creation)}", deploy_call(self.chain.rpc, creation))
        return parse_address(verifier_address(creation))

    def commit_proven(self, rfp: Rfp, submission: Submission, *, oddly: bool = False) -> None:
        """Commits with proofs; `oddly` in an encoding that hides them from whoever is stricter than the contract."""
        call = self.chain.calls.commit_proven(rfp, submission)
        data = backwards(call.data, submission) if oddly else call.data
        self.sender.send(f"commit:{rfp.nonce}", replace(call, data=data))

    def finalize(self, rfp: Rfp) -> None:
        self.sender.send(f"finalize:{rfp.nonce}", self.chain.calls.finalize(rfp))

    def sign(self, rfp: Rfp) -> dict[str, Any]:
        """A signed quote for the RFP, valid for a minute of the chain's time."""
        market = self.chain.deployment.market
        job = job_id(self.chain.chain_id, market, rfp)
        quote = Quote(job, self.address, rfp.max_price, self.chain.timestamp() + 60)
        signature = self.signer.sign_typed_data(typed_data(self.chain.chain_id, market, quote))
        return {"quote": quote.to_json(), "signature": "0x" + signature.hex()}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.sender.close()


def _serve(worker: HandWorker) -> ThreadingHTTPServer:
    """Blobs and quotes over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = worker.served.get(self.path.rsplit("/", 1)[-1])
            self._answer(404 if body is None else 200, body or b"")

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rfp = Rfp.from_json(asked["rfp"])
            declines = worker.quotes_at is None or rfp.max_price < worker.quotes_at
            self._answer(422 if declines else 200, b"{}" if declines else json.dumps(worker.sign(rfp)).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
