"""The gateway's promises, on a real chain over real HTTP: the honest path, refusals that lose nothing, restarts."""

import base64
import json
import time
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from atomic_verify.chain.anvil import development_signer
from atomic_verify.chain.presets import UNIT
from atomic_verify.chain.receipt_chain import ReceiptChain
from atomic_verify.chain.rpc import Rpc
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.types import Rfp
from atomic_verify.receipts import load_receipt, verify_on_chain

PRICE = UNIT
TIMES = {"bidding": 3, "reveal": 3, "execution": 20, "window": 2}


def _request(rows: int = 3, /, **changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    values = rng.random((rows, 64), dtype=np.float32)
    body = {
        "model": "mlp",
        "items": [
            {"tensors": {"image": {"data": row.astype(float).tolist()}}, "name": f"row {number}"}
            for number, row in enumerate(values)
        ],
        "max_price": str(PRICE),
        "times": TIMES,
    }
    return body | changes


def _rfp(door: Any, job: str) -> Rfp:
    rfp: Rfp = door.gateway.queries.job(bytes.fromhex(job[2:])).rfp
    return rfp


def _payload(door: Any, job: str) -> bytes:
    uri = door.client.get(f"/v1/jobs/{job}").json()["input"]["uri"]
    return bytes(door.client.get(uri).content)


def test_an_auction_from_request_to_receipt(door: Any, hand: Any, mlp: Any) -> None:
    cheap, dear = hand(2), hand(3)
    posted = door.client.post("/v1/jobs", json=_request())
    assert posted.status_code == 202, posted.text
    job = posted.json()["id"]
    assert posted.headers["location"] == f"/v1/jobs/{job}"
    door.until(job, "posted")
    rfp = _rfp(door, job)
    cheap.bid(rfp, PRICE // 4)
    dear.bid(rfp, PRICE // 2)
    _after(cheap, lambda: cheap.reveal(rfp, PRICE // 4))
    dear.reveal(rfp, PRICE // 2)

    awarded = door.until(job, "awarded")
    assert awarded["worker"] == cheap.address
    assert int(awarded["price"]) == PRICE // 2, "the second price"
    assert [bid["worker"] for bid in awarded["attempts"][0]["ranking"]] == [cheap.address, dear.address]
    assert awarded["attempts"][0]["why"]
    assert door.get(f"/v1/jobs/{job}/items/0", 409)["code"] == "output-not-ready"

    outputs = cheap.outputs(rfp, _payload(door, job))
    cheap.commit(rfp, outputs)
    door.until(job, "committed", "final")
    item = door.get(f"/v1/jobs/{job}/items/1?tensors=json")
    assert item["name"] == "row 1"
    assert item["verified"] is False or item["state"] == "final"
    assert item["final_at"] > 0
    scores = np.array(item["outputs"]["scores"]["data"])
    assert item["answer"]["class_index"] == int(scores.argmax())

    _after(cheap, lambda: cheap.finalize(rfp))
    final = door.until(job, "final")
    assert int(final["settlement"]["to_requester"]) == PRICE // 2
    assert {"post", "bid", "reveal", "award", "commit", "finalize"} <= {tx["name"] for tx in final["transactions"]}
    assert final["gas"] == sum(tx["gas"] for tx in final["transactions"]) > 0
    assert door.get(f"/v1/jobs/{job}/items/1")["verified"] is True
    raw = door.client.get(f"/v1/jobs/{job}/items/1/outputs/scores")
    assert raw.headers["atomic-datatype"] == "float"
    assert np.frombuffer(raw.content, np.float32).tolist() == pytest.approx(scores.tolist())

    receipt = load_receipt(door.client.get(f"/v1/jobs/{job}/items/1/receipt").content)
    report = verify_on_chain(
        receipt, ReceiptChain(Rpc(door.gateway.settings.rpc_url)), trusted_market=door.gateway.constants.market
    )
    assert report.final
    assert receipt.disputable is True


def _after(worker: Any, act: Any, seconds: float = 20) -> None:
    """Does `act` once the chain's time allows it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            act()
            return
        except AtomicError as error:
            if error.code not in ("revert-too-early", "revert-not-final-yet") or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _known(door: Any, workers: int) -> None:
    """Waits until the gateway knows so many workers."""
    while sum(one.books.endpoint is not None for one in door.gateway.queries.workers()) < workers:
        time.sleep(0.05)


def test_a_quote_in_one_transaction(door: Any, hand: Any) -> None:
    willing, declining = hand(2), hand(3)
    willing.quotes_at = PRICE // 2
    _known(door, 2)
    job = door.client.post("/v1/jobs", json=_request(kind="quote")).json()["id"]
    awarded = door.until(job, "awarded")
    assert awarded["worker"] == willing.address
    assert [tx["name"] for tx in awarded["transactions"]] == ["awardQuote"]
    choice = next(one for one in awarded["decisions"] if one["kind"] == "choose")
    assert {one["worker"]: one["signed"] for one in choice["details"]["candidates"]} == {
        willing.address: True,
        declining.address: False,
    }
    rfp = _rfp(door, job)
    willing.commit(rfp, willing.outputs(rfp, _payload(door, job)))
    door.get(f"/v1/jobs/{job}/items/0")


def test_a_quote_that_nobody_signs(door: Any, hand: Any) -> None:
    hand(2)
    _known(door, 1)
    before = door.gateway.chain.balance_of(door.gateway.requester)
    refused = door.client.post("/v1/jobs", json=_request(kind="quote"))
    assert refused.status_code == 422
    assert refused.json()["code"] == "no-quote"
    assert "422" in refused.json()["details"]["workers"][0]["refusal"]
    assert door.gateway.chain.balance_of(door.gateway.requester) == before


REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"model": "nonesuch"}, 404, "model-unknown"),
    ({"model": "0x" + "12" * 32}, 404, "model-unknown"),
    ({"max_price": "1"}, 400, "terms-refused"),
    ({"max_price": str(10**6 * UNIT)}, 422, "revert-erc20-insufficient-balance"),
    ({"max_price": -1}, 400, "request-malformed"),
    ({"max_price": "1e18"}, 400, "request-malformed"),
    ({"guarantee": "hybrid"}, 400, "terms-refused"),
    ({"guarantee": "proven"}, 400, "terms-refused"),
    ({"token": "0x" + "ab" * 20}, 400, "terms-refused"),
    ({"job_bond": "1"}, 400, "terms-refused"),
    ({"times": {"bidding": 0}}, 400, "terms-refused"),
    ({"items": []}, 400, "request-malformed"),
    ({"items": [{}]}, 400, "request-malformed"),
    ({"items": [{"tensors": {"wrong": {"data": [0.0] * 64}}}]}, 400, "input-mismatch"),
    ({"items": [{"tensors": {"image": {"data": [0.0] * 63}}}]}, 400, "input-mismatch"),
    ({"items": [{"tensors": {"image": {"data": [[0.0] * 32] * 2}}}]}, 400, "input-mismatch"),
    ({"items": [{"tensors": {"image": {"data": ["x"] * 64}}}]}, 400, "input-mismatch"),
    ({"items": [{"tensors": {"image": {"data": [0.0] * 64, "datatype": "int64"}}}]}, 400, "input-mismatch"),
    ({"items": [{"tensors": {"image": {"data": [0.0] * 64, "shape": [64, 1]}}}]}, 400, "input-mismatch"),
    ({"items": [{"tensors": {"image": {"raw": "AAAA"}}}]}, 400, "input-mismatch"),
    ({"items": [{"tensors": {"image": {"raw": "no base64!"}}}]}, 400, "input-mismatch"),
    ({"items": [{"digest": "00" * 32}]}, 404, "blob-missing"),
    ({"items": None, "input": {"digest": "00" * 32, "item_count": 1}}, 404, "blob-missing"),
    ({"surprise": 1}, 400, "request-malformed"),
]


def test_refusals_lose_nothing(door: Any) -> None:
    wrong = []
    for change, status, code in REFUSALS:
        body = {key: value for key, value in _request(1, **change).items() if value is not None}
        answer = door.client.post("/v1/jobs", json=body)
        found = answer.json()
        is_problem = answer.headers["content-type"] == "application/problem+json" and found.get("detail")
        if not is_problem or (answer.status_code, found["code"], found["status"]) != (status, code, status):
            wrong.append((change, found))
    assert wrong == []
    assert door.gateway.chain.balance_of(door.gateway.requester) == 100 * UNIT
    assert door.client.get("/v1/jobs").json()["jobs"] == []


def test_the_same_key_twice_is_one_job(door: Any) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = door.client.post("/v1/jobs", json=_request(1), headers=headers)
    again = door.client.post("/v1/jobs", json=_request(1), headers=headers)
    assert first.json()["id"] == again.json()["id"]
    other = door.client.post("/v1/jobs", json=_request(2), headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "record-conflict")
    door.until(first.json()["id"], "posted")
    assert len(door.client.get("/v1/jobs").json()["jobs"]) == 1


def test_input_as_an_uploaded_payload(door: Any, mlp: Any) -> None:
    payload = np.random.default_rng(1).random((2, 64), dtype=np.float32).tobytes()
    digest = sha256(payload).hexdigest()
    wrong = door.client.put(f"/v1/blobs/{'00' * 32}", content=payload)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "request-malformed")
    assert door.client.put(f"/v1/blobs/{digest}", content=payload).status_code == 201
    assert door.client.get(f"/v1/blobs/{digest}").content == payload
    for count, status in ((2, 202), (3, 400)):
        body = {"model": "mlp", "input": {"digest": digest, "item_count": count}, "max_price": str(PRICE)}
        assert door.client.post("/v1/jobs", json=body).status_code == status


def test_blobs_are_hashed_again_before_they_are_served(door: Any) -> None:
    payload = b"precious"
    digest = sha256(payload).hexdigest()
    door.client.put(f"/v1/blobs/{digest}", content=payload)
    stored = [path for path in door.gateway.settings.data_dir.rglob(f"*{digest[-20:]}*") if path.is_file()]
    assert len(stored) == 1
    stored[0].chmod(0o600)
    stored[0].write_bytes(b"tampered")
    answer = door.client.get(f"/v1/blobs/{digest}")
    assert (answer.status_code, answer.json()["code"]) == (500, "blob-corrupt")
    for path in ("/v1/blobs/..%2f..%2fetc%2fpasswd", f"/v1/blobs/{digest.upper()}", "/v1/blobs/x"):
        assert door.client.get(path).status_code in (400, 404)
    assert door.client.get(f"/v1/blobs/{'ab' * 32}").json()["code"] == "blob-missing"


def test_what_a_worker_serves_must_be_what_it_committed(door: Any, hand: Any) -> None:
    worker = hand(2)
    worker.quotes_at = 1
    _known(door, 1)
    job = door.client.post("/v1/jobs", json=_request(2, kind="quote")).json()["id"]
    door.until(job, "awarded")
    rfp = _rfp(door, job)
    honest = worker.outputs(rfp, _payload(door, job))
    worker.commit(rfp, honest, root=b"\x01" * 32)
    door.until(job, "committed", "final")
    found = door.get(f"/v1/jobs/{job}/items/0", 409)
    deadline = time.monotonic() + 10
    while "not what it committed" not in found["detail"] and time.monotonic() < deadline:
        time.sleep(0.2)
        found = door.get(f"/v1/jobs/{job}/items/0", 409)
    assert "not what it committed" in found["detail"]


def test_a_withheld_output_is_not_shown_and_arrives_later(door: Any, hand: Any) -> None:
    worker = hand(2)
    worker.quotes_at = 1
    _known(door, 1)
    job = door.client.post("/v1/jobs", json=_request(2, kind="quote")).json()["id"]
    door.until(job, "awarded")
    rfp = _rfp(door, job)
    outputs = worker.outputs(rfp, _payload(door, job))
    worker.commit(rfp, outputs, serve=False)
    door.until(job, "committed", "final")
    assert door.get(f"/v1/jobs/{job}/items/0", 409)["code"] == "output-not-ready"
    worker.served[sha256(outputs).hexdigest()] = outputs
    door.get(f"/v1/jobs/{job}/items/0", seconds=20)


def test_a_job_that_nobody_bids_on_is_refunded(door: Any) -> None:
    times = {"bidding": 1, "reveal": 1, "execution": 5, "window": 1}
    job = door.client.post("/v1/jobs", json=_request(1, times=times)).json()["id"]
    door.until(job, "expired")
    assert door.gateway.chain.credit_of(door.gateway.requester) == PRICE


def test_an_answer_survives_a_restart_of_the_gateway(open_door: Any, settings: Any, hand: Any) -> None:
    door = open_door(settings)
    worker = hand(2)
    worker.quotes_at = 1
    _known(door, 1)
    job = door.client.post("/v1/jobs", json=_request(1, kind="quote"), headers={"Idempotency-Key": "k"}).json()["id"]
    door.until(job, "awarded")
    rfp, payload = _rfp(door, job), _payload(door, job)
    open_door.close_all()
    worker.commit(rfp, worker.outputs(rfp, payload))
    door = open_door(settings)
    door.get(f"/v1/jobs/{job}/items/0")
    again = door.client.post("/v1/jobs", json=_request(1, kind="quote"), headers={"Idempotency-Key": "k"})
    assert again.json()["id"] == job
    assert len(door.client.get("/v1/jobs").json()["jobs"]) == 1


def test_a_planned_request_is_posted_after_a_crash(open_door: Any, settings: Any, monkeypatch: Any) -> None:
    door = open_door(settings)

    def crash(*_: Any) -> None:
        raise RuntimeError("killed between plan and transaction")

    with monkeypatch.context() as patch:
        patch.setattr("atomic_verify.gateway.submit.launch", crash)
        patch.setattr("atomic_verify.gateway.driver.launch", crash)
        answer = door.client.post("/v1/jobs", json=_request(1), headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
        open_door.close_all()
    door = open_door(settings)
    job = door.client.post("/v1/jobs", json=_request(1), headers={"Idempotency-Key": "k"}).json()["id"]
    door.until(job, "posted")
    assert len(door.client.get("/v1/jobs").json()["jobs"]) == 1


def test_unknown_jobs_items_and_routes(door: Any) -> None:
    for path, code in (
        (f"/v1/jobs/0x{'00' * 32}", "job-unknown"),
        ("/v1/jobs/nonsense", "job-unknown"),
        (f"/v1/jobs/0x{'00' * 32}/items/0", "job-unknown"),
        ("/v1/nothing", "route-unknown"),
    ):
        answer = door.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert door.client.delete("/v1/jobs").status_code == 405
    assert door.client.get("/v1/jobs?state=weird").json()["code"] == "request-malformed"


def test_health_models_and_openapi(door: Any, mlp: Any) -> None:
    assert door.client.get("/health/live").json()["status"] == "live"
    ready = door.get("/health/ready")
    assert ready["requester"] == development_signer(1).address
    models = door.client.get("/v1/models").json()["models"]
    assert [(model["name"], model["published"], model["disputable"]) for model in models] == [("mlp", True, True)]
    assert "/v1/jobs/{job}/items/{item}/receipt" in door.client.get("/openapi.json").json()["paths"]
    assert b"atomic_indexed_block" in door.client.get("/metrics").content


def test_a_dead_node_is_told_and_reads_go_on(door: Any, anvil: Any) -> None:
    door.get("/health/ready")
    anvil.stop()
    told = door.get("/health/ready", 503, seconds=60)
    assert told["details"]["cause"] == "chain-unavailable"
    assert door.client.get("/v1/models").status_code == 200
    refused = door.client.post("/v1/jobs", json=_request(1), timeout=60)
    assert (refused.status_code, refused.json()["code"]) == (503, "chain-unavailable")
    assert refused.headers["retry-after"]


def test_writes_need_the_key_where_one_is_set(open_door: Any, settings: Any, tmp_path: Any) -> None:
    key = tmp_path / "write.key"
    key.write_text("k" * 32 + "\n")
    guarded = settings.model_copy(
        update={"gateway": settings.gateway.model_copy(update={"write_key_file": key, "max_body_bytes": 10_000})}
    )
    door = open_door(guarded)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "k" * 32}):
        answer = door.client.post("/v1/jobs", json=_request(1), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "write-key-wrong")
    allowed = {"Authorization": f"Bearer {'k' * 32}"}
    assert door.client.post("/v1/jobs", json=_request(1), headers=allowed).status_code == 202
    assert door.client.get("/v1/jobs").status_code == 200
    large = door.client.put(f"/v1/blobs/{'00' * 32}", content=bytes(20_000), headers=allowed)
    assert (large.status_code, large.json()["code"]) == (413, "body-too-large")

    def chunks() -> Any:
        yield from (bytes(1000) for _ in range(20))

    streamed = door.client.put(f"/v1/blobs/{'00' * 32}", content=chunks(), headers=allowed)
    assert (streamed.status_code, streamed.json()["code"]) == (413, "body-too-large")
    zipped = door.client.put(f"/v1/blobs/{'00' * 32}", content=b"x", headers=allowed | {"Content-Encoding": "gzip"})
    assert zipped.json()["code"] == "request-malformed"


def test_a_raw_item_goes_through_the_codec(door: Any) -> None:
    raw = base64.b64encode(json.dumps({"not": "what the codec takes"}).encode()).decode()
    answer = door.client.post("/v1/jobs", json=_request(1, items=[{"raw": raw}]))
    assert (answer.status_code, answer.json()["code"]) == (400, "input-mismatch")
