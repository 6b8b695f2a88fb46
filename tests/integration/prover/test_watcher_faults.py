"""What others do badly, out of malice or not: servers that are away, slow or lie, and claims that serve garbage."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.presets import development
from atomic_verify.protocol.types import ClaimState
from tests.integration.prover.town import town as open_town
from tests.integration.prover.watch_town import LIAR, WatchTown, watch_town, wrong
from tests.support.tiny_models import install, one_operator


@pytest.fixture(scope="module")
def tiny_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    install(folder / "tiny", one_operator("Sigmoid"))
    return folder


@pytest.fixture
def town(tiny_dir: Path, tmp_path: Path) -> Iterator[WatchTown]:
    with Anvil() as anvil:
        preset = development(claim_reveal_time=300, refute_window=300, line_clock=300)
        deployment = deploy(anvil.rpc, development_signer(0), preset)
        with open_town(anvil, deployment, tiny_dir, tmp_path) as made, watch_town(made) as watched:
            yield watched


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections and says a byte now and then."""
    listening = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()
    taken: list[socket.socket] = []

    def serve() -> None:
        while not is_over.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            taken.append(connection)
            threading.Thread(target=trickle, args=(connection,), daemon=True).start()

    def trickle(connection: socket.socket) -> None:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n")
            while not is_over.wait(0.2):
                connection.sendall(b"x")
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        is_over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for connection in taken:
            connection.close()
        thread.join(10)


def test_a_slow_server_holds_nobody_else_up(town: WatchTown) -> None:
    with silent_server() as url:
        town.hire_liar()
        town.sender(LIAR).send("announce:slow", town.chain.calls.announce(url))
        slow = town.commit(serves_output=False)
        watcher = town.watch()
        time.sleep(1)
        town.sender(LIAR).send("announce:fast", town.chain.calls.announce(town.endpoint()))
        honest = town.commit()
        town.town.until(lambda: watcher.status()["results"] == 1, "the other result")
    assert town.names(slow.job)[-1] == town.names(honest.job)[-1] == "Committed"


def test_an_endpoint_that_comes_back_is_forgiven(town: WatchTown) -> None:
    made = town.commit(serves_output=False)
    watcher = town.watch()
    town.town.until(lambda: watcher.status()["withheld"] == 1, "it to be told")
    town.outputs.put(bytes(made.outputs.payload))
    town.town.until(lambda: watcher.status()["results"] == 1, "the examination")
    town.town.until(lambda: watcher.status()["withheld"] == 0, "it to be forgiven")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://somewhere", "http://[::1", "x" * 200, ""])
def test_endpoints_that_lead_nowhere_are_withheld_data(town: WatchTown, url: str) -> None:
    town.hire_liar()
    town.sender(LIAR).send("announce:nowhere", town.chain.calls.announce(url))
    town.commit(serves_output=False)
    watcher = town.watch()
    town.town.until(lambda: watcher.status()["withheld"] == 1, "it to be told")
    assert watcher.died is None


def test_outputs_under_another_root_than_committed_are_withheld_data(town: WatchTown) -> None:
    made = town.commit(serves_output=False, payload_of=lambda outputs: bytes(len(outputs)))
    town.outputs.put(bytes(len(made.outputs.payload)))
    town.defend()
    town.town.until(lambda: town.town.events(name="Demanded"), "the demand")
    town.town.jump(301)
    town.town.until(lambda: town.chain.result_of(made.job).slashed, "the conviction")


@pytest.mark.parametrize("garbage", [b"", b"garbage", bytes(10**6)])
def test_a_trace_of_another_size_is_withheld(town: WatchTown, garbage: bytes) -> None:
    made = town.commit()
    _, claim = town.claim(made, wrong(), meaning=town.lying_meaning(), garbage=garbage)
    town.defend()
    town.town.until(
        lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED or town.answer_lines(), "the refutation"
    )
    assert town.town.events(name="Demanded")


def test_a_trace_with_nans_is_refuted(town: WatchTown) -> None:
    made = town.commit()
    _, claim = town.claim(made, wrong(), meaning=town.lying_meaning(first=float("nan")))
    town.defend()
    town.town.until(lambda: town.chain.claim_of(claim).state is ClaimState.REFUTED, "the refutation")
    assert not town.town.events(name="Demanded")
