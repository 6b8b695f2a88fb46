"""The client of a gateway against a server that answers whatever a test wants: right, wrong, or not at all."""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from atomic_verify.chain.anvil import free_port
from atomic_verify.client import (
    INLINE_BYTES,
    GatewayClient,
    GatewayRefused,
    GatewayUnreachable,
    JobFailed,
    JobStatus,
    JobUnfinished,
)
from atomic_verify.client import gateway as client_module

JOB = "0x" + "ab" * 32
POSTED = {"id": JOB, "state": "posted", "worker": None, "price": None, "item_count": 2}
FINAL = POSTED | {"state": "final", "worker": "0xA", "price": str(2**70)}


@dataclass
class Stage:
    """What the server answers next, and what it was asked. The last answer is given again and again."""

    url: str
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def say(self, *bodies: Any, status: int = 200) -> None:
        self.answers += [(status, one if isinstance(one, bytes) else json.dumps(one).encode()) for one in bodies]


@pytest.fixture
def stage() -> Iterator[Stage]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            made.asked.append((self.command, self.path, dict(self.headers), body))
            status, content = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Stage(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def gateway(stage: Stage) -> Iterator[GatewayClient]:
    with GatewayClient(stage.url + "/", write_key="k" * 20) as made:
        yield made


def test_a_job_is_submitted_as_the_gateway_takes_it(stage: Stage, gateway: GatewayClient, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"hello")
    stage.say(POSTED, status=202)
    times = {"bidding": 5, "reveal": 5, "execution": 60, "window": 9}
    job = gateway.submit(
        "magika", [tmp_path / "a.txt", b"\x00\xff"], max_price=2**70, times=times, idempotency_key="once", job_bond="7"
    )
    assert job == JobStatus(JOB, "posted", None, None, 2, POSTED)
    ((method, path, headers, body),) = stage.asked
    sent = json.loads(body)
    assert (method, path, headers["Idempotency-Key"]) == ("POST", "/v1/jobs", "once")
    assert headers["Authorization"] == "Bearer " + "k" * 20
    assert [b64decode(item["raw"]) for item in sent["items"]] == [b"hello", b"\x00\xff"]
    assert sent["items"][0]["name"] == str(tmp_path / "a.txt")
    assert "name" not in sent["items"][1]
    assert (sent["max_price"], sent["times"], sent["job_bond"]) == (str(2**70), times, "7")


def test_a_large_item_goes_by_digest(stage: Stage, gateway: GatewayClient) -> None:
    large = b"x" * (INLINE_BYTES + 1)
    stage.say({"digest": "", "bytes": 1}, POSTED)
    gateway.submit("magika", [large], max_price=1)
    digest = sha256(large).hexdigest()
    assert stage.asked[0][:2] == ("PUT", f"/v1/blobs/{digest}")
    assert stage.asked[0][3] == large
    assert json.loads(stage.asked[1][3])["items"] == [{"digest": digest}]


def test_waiting_tells_every_look_and_ends_with_finality(stage: Stage, gateway: GatewayClient) -> None:
    stage.say(POSTED, POSTED | {"state": "committed"}, FINAL)
    seen: list[str] = []
    done = gateway.wait(JOB, poll=0.01, on_look=lambda look: seen.append(look.state))
    assert seen == ["posted", "committed", "final"]
    assert (done.price, done.worker, done.is_over) == (2**70, "0xA", True)


@pytest.mark.parametrize("state", ["slashed", "cancelled", "expired", "refused"])
def test_another_end_is_a_failure(stage: Stage, gateway: GatewayClient, state: str) -> None:
    stage.say(POSTED | {"state": state, "error": {"code": "revert-price-too-low", "message": "too cheap"}})
    with pytest.raises(JobFailed, match=state) as caught:
        gateway.wait(JOB)
    assert caught.value.hint == "too cheap"


def test_an_end_without_a_reason_says_where_to_look(stage: Stage, gateway: GatewayClient) -> None:
    stage.say(POSTED | {"state": "expired"})
    with pytest.raises(JobFailed) as caught:
        gateway.wait(JOB)
    assert f"atomic job show {JOB}" in str(caught.value.hint)


def test_waiting_has_an_end(stage: Stage, gateway: GatewayClient) -> None:
    stage.say(POSTED)
    with pytest.raises(JobUnfinished, match="posted after 0 s"):
        gateway.wait(JOB, timeout=0)


def test_a_gateway_that_restarts_is_waited_for(stage: Stage, gateway: GatewayClient) -> None:
    stage.say(b"<html>bad gateway", status=502)
    stage.say(FINAL)
    assert gateway.wait(JOB, poll=0.01).state == "final"


def test_answers_come_in_order(stage: Stage, gateway: GatewayClient) -> None:
    items = [{"item": n, "name": None, "answer": {"label": str(n)}, "verified": True} for n in range(2)]
    stage.say(FINAL, *items)
    assert [one.answer["label"] for one in gateway.answers(JOB)] == ["0", "1"]


def test_a_refusal_keeps_the_gateways_code(stage: Stage, gateway: GatewayClient) -> None:
    stage.say({"code": "model-unknown", "detail": "no such model", "hint": "build it", "status": 404}, status=404)
    with pytest.raises(GatewayRefused, match="no such model") as caught:
        gateway.job(JOB)
    assert (caught.value.code, caught.value.hint, caught.value.status) == ("model-unknown", "build it", 404)
    assert GatewayRefused.code == "gateway-refused"


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[]", b"[" * 100_000, b"{}", b'{"id": "0x", "state": "final", "price": "x"}']
)
def test_what_is_no_gateway_is_told(stage: Stage, gateway: GatewayClient, body: bytes) -> None:
    stage.say(body)
    with pytest.raises(GatewayUnreachable):
        gateway.job(JOB)
    with pytest.raises(GatewayUnreachable):
        gateway.item(JOB, 0)
    with pytest.raises(GatewayUnreachable):
        gateway.jobs()


def test_an_endless_answer_is_cut_off(stage: Stage, gateway: GatewayClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_RESPONSE_BYTES", 1000)
    stage.say(b"x" * 1001)
    with pytest.raises(GatewayUnreachable, match="more than 1000 bytes"):
        gateway.receipt(JOB, 0)


@pytest.mark.parametrize("job", ["", "0x", "0x" + "ab" * 31, "../models", "0x" + "zz" * 32, JOB + "/items/0"])
def test_only_ids_get_into_a_path(stage: Stage, gateway: GatewayClient, job: str) -> None:
    with pytest.raises(GatewayRefused):
        gateway.job(job)
    assert stage.asked == []


def test_nobody_there_is_told() -> None:
    with GatewayClient(f"http://127.0.0.1:{free_port()}") as gateway, pytest.raises(GatewayUnreachable):
        gateway.ready()
    with GatewayClient("nonsense") as gateway, pytest.raises(GatewayUnreachable):
        gateway.ready()


def test_a_redirect_is_not_followed(stage: Stage, gateway: GatewayClient) -> None:
    stage.say(b"", status=302)
    with pytest.raises(GatewayUnreachable):
        gateway.models()
    assert len(stage.asked) == 1


def test_the_output_of_a_proven_job_is_waited_for(stage: Stage, gateway: GatewayClient) -> None:
    early = {"code": "output-not-ready", "detail": "it is being fetched", "status": 409}
    final = FINAL | {"guarantee": "proven"}
    stage.say(final)
    stage.say(json.dumps(early).encode(), status=409)
    stage.say({"item": 0, "name": None, "answer": {}, "verified": True})
    assert gateway.wait(JOB, poll=0.01).state == "final"
    assert [path for _, path, *_ in stage.asked] == [f"/v1/jobs/{JOB}", *[f"/v1/jobs/{JOB}/items/0"] * 2]
