"""All roles on one machine by the steps of docs/cli.md: chain, keys, stake, worker, gateway, job, receipt.

Every step is the command itself; what runs until it is stopped runs in a process of its own.
"""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from atomic_verify.chain.anvil import free_port
from atomic_verify.cli import app

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


@dataclass
class Terminal:
    """A folder to work in, and the daemons that were started there."""

    folder: Path
    environment: dict[str, str]
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def atomic(self, *arguments: object, code: int = 0) -> Any:
        """Runs a command that ends by itself, in this process: a start of Python each would take most of the time."""
        done = CliRunner().invoke(app, list(map(str, arguments)), env=self.environment)
        assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
        return done

    def json(self, *arguments: object) -> Any:
        return json.loads(self.atomic(*arguments, "--json").stdout)

    def daemon(self, *arguments: object, ready: str) -> None:
        """Starts a command that runs until it is stopped, and waits until `ready` answers, or is in its log."""
        with (self.folder / f"{arguments[0]}.log").open("wb") as log:
            command = [sys.executable, "-m", "atomic_verify.cli", *map(str, arguments)]
            started = subprocess.Popen(
                command, cwd=self.folder, env=os.environ | self.environment, stdout=log, stderr=log
            )
        self.daemons.append(started)
        deadline = time.monotonic() + PATIENCE
        while True:
            tail = (self.folder / f"{arguments[0]}.log").read_text()[-2000:]
            if ready in tail or (ready.startswith("http") and _answers(ready)):
                return
            assert started.poll() is None, tail
            assert time.monotonic() < deadline, tail
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends the daemons in the opposite order; all of them end well."""
        codes: list[int] = []
        for daemon in reversed(self.daemons):
            daemon.send_signal(signal.SIGTERM if len(codes) == 1 else signal.SIGINT)
            codes.append(daemon.wait(30))
        self.daemons.clear()
        assert codes == [0] * len(codes)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "password").write_text("correct horse battery staple\n")
    made = Terminal(tmp_path, {"ATOMIC_PASSWORD_FILE": "password"})
    try:
        yield made
    finally:
        for daemon in made.daemons:
            daemon.kill()
            daemon.wait()


def test_all_roles_on_one_machine(terminal: Terminal) -> None:
    node, worker, gateway = free_port(), free_port(), free_port()
    for name in ("worker", "requester"):
        terminal.atomic("key", "new", f"{name}.json")
    people = {name: terminal.json("key", "show", f"{name}.json")["address"] for name in ("worker", "requester")}
    funds = [flag for address in people.values() for flag in ("--fund", address)]
    terminal.daemon("chain", "--port", node, *funds, ready="The chain runs until Ctrl-C")
    terminal.environment |= {"ATOMIC_RPC_URL": f"http://127.0.0.1:{node}", "ATOMIC_GATEWAY__PORT": str(gateway)}

    terminal.atomic("model", "build", ROOT / "models" / "mlp")
    requester = ["--keystore", "requester.json", "--data", "data/requester"]
    provider = ["--keystore", "worker.json", "--data", "data/worker"]
    terminal.atomic("model", "publish", "mlp", *requester)
    terminal.atomic("stake", "add", "100", *provider)
    private = "--allow-private-inputs"
    terminal.daemon(
        "worker", "run", *provider, private, "--port", worker, ready=f"http://127.0.0.1:{worker}/health/ready"
    )
    terminal.daemon("gateway", "run", *requester, private, ready=f"http://127.0.0.1:{gateway}/health/ready")

    files = sorted((ROOT / "models" / "mlp" / "examples").glob("*.bin"))[:3]
    asked = ["--model", "mlp", "--times", "4,4,20,2", "--idempotency-key", "once"]
    first = terminal.json("job", "submit", *files, *asked)["id"]
    again = terminal.json("job", "submit", *files, *asked, "--wait", "--receipts", "receipts")
    assert again["job"]["id"] == first
    assert again["job"]["state"] == "final"
    assert again["job"]["worker"].lower() == people["worker"].lower()
    assert [one["verified"] for one in again["answers"]] == [True] * 3
    assert [one["name"] for one in again["answers"]] == [str(file) for file in files]

    assert "final" in terminal.atomic("job", "list").stdout
    assert [one["id"] for one in terminal.json("job", "list", "--state", "final")] == [first]
    shown = terminal.atomic("job", "show", first).stdout
    assert all(word in shown for word in ("gas of commit", "attempt 1", "spent", people["worker"]))
    assert str(files[2]) in terminal.atomic("job", "wait", first).stdout
    missing = terminal.atomic("job", "show", "0x" + "00" * 32, code=1)
    assert missing.stderr.startswith("error job-unknown:")
    refused = terminal.atomic("job", "submit", files[0], "--model", "gpt", code=1)
    assert refused.stderr.startswith("error model-unknown:")

    run_the_readmes_example(terminal, gateway, files)
    check_receipts(terminal, first, again["answers"])
    terminal.stop()
    lost = terminal.atomic("job", "list", "--gateway", f"http://127.0.0.1:{gateway}", code=1)
    assert lost.stderr.startswith("error gateway-unreachable:")


def run_the_readmes_example(terminal: Terminal, port: int, files: list[Path]) -> None:
    """The README's example as it stands, but for the gateway's port, the model and its files, and shorter times."""
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert example.count("\n") <= 12
    for old, new in {
        "http://127.0.0.1:8420": f"http://127.0.0.1:{port}",
        '"magika"': '"mlp"',
        'Path("README.md")': f'Path("{files[0]}")',
        'Path("LICENSE")': f'Path("{files[1]}")',
        '"label"': '"class_label"',
        "max_price=10**18": 'max_price=10**18, times={"bidding": 4, "reveal": 4, "execution": 20, "window": 2}',
    }.items():
        assert old in example, f"the README's example has no {old}"
        example = example.replace(old, new)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(example, {})
    lines = printed.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.startswith(str(file)) and line.endswith("True") for line, file in zip(lines, files, strict=False))
    rpc = terminal.environment["ATOMIC_RPC_URL"]
    assert "is final and stands" in terminal.atomic("verify", "receipt.json", "--rpc", rpc).stdout


def check_receipts(terminal: Terminal, job: str, answers: list[dict[str, Any]]) -> None:
    """Each receipt holds against the chain and alone; with anything changed it doesn't."""
    rpc = terminal.environment["ATOMIC_RPC_URL"]
    for number, answer in enumerate(answers):
        found = terminal.json("verify", f"receipts/{job}-{number}.json", "--rpc", rpc)
        assert found["final"] is True
        assert found["answer"] == answer["answer"]
        assert not any("undisputable" in words for words in found["unverified"])
    file = terminal.folder / "receipts" / f"{job}-0.json"
    receipt = json.loads(file.read_text())
    root = receipt["commitment"]["root"]
    alone = terminal.atomic("verify", file, "--root", root).stdout
    assert "belongs to the root that you gave" in alone
    assert "no chain was asked" in alone
    both = terminal.json("verify", file, "--root", root, "--rpc", rpc)
    assert both["final"] is True
    assert "The output belongs to the root that you gave." in both["verified"]
    wrong = terminal.atomic("verify", file, "--root", "0x" + "11" * 32, code=1)
    assert wrong.stderr.startswith("error receipt-refused:")
    stranger = terminal.atomic("verify", file, "--rpc", rpc, "--market", "0x" + "11" * 20, code=1)
    assert stranger.stderr.startswith("error receipt-refused:")
    no_model = terminal.atomic("verify", file, "--rpc", rpc, "--models", "none").stdout
    assert "isn't installed here" in no_model

    receipt["commitment"]["worker"] = "0x" + "11" * 20
    file.write_text(json.dumps(receipt))
    assert terminal.atomic("verify", file).stdout  # alone nobody can tell
    forged = terminal.atomic("verify", file, "--rpc", rpc, code=1)
    assert "another worker committed the result" in forged.stderr
    file.write_text("{}")
    assert terminal.atomic("verify", file, code=1).stderr.startswith("error receipt-malformed:")
