"""A development chain in a process of its own: anvil, for `atomic chain`, the demo and the tests.

Life cycle: before all steps, on one machine only. The chain dies with the process that started it, however that ends.
Amounts are wei.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from atomic_verify.chain.accounts import Account
from atomic_verify.chain.errors import AnvilFailed, AnvilMissing, ChainUnavailable
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.rpc import Rpc

ETHER = 10**18
MNEMONIC = "test test test test test test test test test test test junk"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class AnvilOptions:
    """How the chain behaves. `block_time` in seconds; None mines a block with each transaction.

    `mixed` mines with each transaction *and* every `block_time`, so that time passes on a quiet chain.
    """

    chain_id: int = 31_337
    port: int = 0
    block_time: float | None = None
    mixed: bool = False
    accounts: int = 10
    balance: int = 10_000
    """Coins of each development account, in ether."""
    mine: bool = True
    """Without, blocks come by `mine_blocks` only."""
    state: Path | None = None
    """File that the chain is loaded from and dumped to, so that it outlives its process."""
    extra: Sequence[str] = ()


def find_anvil(roots: Sequence[Path] = ()) -> Path:
    """The anvil binary: in `node_modules` of a root, the working folder or a parent, or on the PATH.

    Raises AnvilMissing.
    """
    here = Path(__file__).resolve()
    for folder in (*roots, Path.cwd(), *Path.cwd().parents, *here.parents):
        native = _native(folder / "node_modules")
        if native is not None:
            return native
    found = shutil.which("anvil")
    if found is None:
        raise AnvilMissing("The development chain's program, anvil, was not found", hint="Run: npm ci, or make setup.")
    return Path(found)


class Anvil:
    """A running development chain; a context manager that ends it.

    On Linux the chain dies with the *thread* that starts it, so start it in one that lives as long: the main one.
    """

    def __init__(self, options: AnvilOptions | None = None, *, binary: Path | None = None) -> None:
        self.options = options or AnvilOptions()
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        self._rpc: Rpc | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def rpc(self) -> Rpc:
        """A client of the chain, closed with it."""
        if self._rpc is None:
            self._rpc = Rpc(self.url)
        return self._rpc

    def start(self, timeout: float = 20.0) -> Self:
        """Starts the chain and waits until it answers. Raises AnvilMissing, AnvilFailed."""
        self.port = self.options.port or free_port()
        command = [str(self._binary or find_anvil()), *_arguments(self.options, self.port)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent(),  # noqa: PLW1509  # only a system call happens there
        )
        try:
            self._await_answer(self._process, timeout)
        except BaseException:
            self.stop()
            raise
        return self

    def _await_answer(self, process: subprocess.Popen[bytes], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AnvilFailed(
                    f"anvil ended at once with code {process.returncode}",
                    hint=f"Is port {self.port} taken?",
                    port=self.port,
                )
            if _answers(self.port, self.url, self.options.chain_id):
                return
            time.sleep(0.02)
        raise AnvilFailed(f"anvil did not answer within {timeout:g} s", port=self.port)

    def stop(self) -> None:
        """Ends the chain; it has at most five seconds to write its state."""
        process, self._process = self._process, None
        client, self._rpc = self._rpc, None
        if client is not None:
            client.close()
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait(self) -> int:
        """Waits until the chain ends and returns its exit code."""
        return self._process.wait() if self._process else 0

    def __enter__(self) -> Self:
        return self.start() if self._process is None else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def fund(self, address: str, wei: int = 100 * ETHER) -> None:
        """Sets the balance of an account."""
        self.request("anvil_setBalance", address, hex(wei))

    def mine_blocks(self, count: int = 1, *, seconds: int | None = None) -> None:
        """Mines blocks, the first of them `seconds` later than the newest."""
        if seconds is not None:
            self.request("evm_increaseTime", seconds)
        for _ in range(count):
            self.request("evm_mine")

    def reorg(self, depth: int) -> None:
        """Replaces the newest `depth` blocks by as many others without any transaction."""
        self.request("anvil_reorg", depth, [])

    def request(self, method: str, *params: Any) -> Any:
        """Any request that anvil knows."""
        return self.rpc.call(method, list(params))


@cache
def development_signer(index: int) -> Signer:
    """One of anvil's funded accounts. Everybody knows their keys: they are worth nothing on any other chain."""
    Account.enable_unaudited_hdwallet_features()
    return Signer(Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}"))


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _arguments(options: AnvilOptions, port: int) -> list[str]:
    arguments = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--chain-id",
        str(options.chain_id),
        "--mnemonic",
        MNEMONIC,
    ]
    arguments += ["--accounts", str(options.accounts), "--balance", str(options.balance), "--quiet"]
    if options.block_time is not None:
        arguments += ["--block-time", f"{options.block_time:g}"]
    if options.mixed:
        arguments.append("--mixed-mining")
    if not options.mine:
        arguments.append("--no-mining")
    if options.state is not None:
        arguments += ["--state", str(options.state)]
    return arguments + list(options.extra)


def _answers(port: int, url: str, chain_id: int) -> bool:
    """Whether a node of this chain id listens; the socket is tried first since the client would retry."""
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    client = Rpc(url, timeout=2.0)
    try:
        return int(client.call("eth_chainId", []), 16) == chain_id
    except ChainUnavailable:
        return False
    finally:
        client.close()


def die_with_parent() -> Any:
    """What the child does before it becomes anvil: asks Linux to be ended when its parent ends, kill -9 included."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before the request was made
            os._exit(1)

    return ask


def _native(modules: Path) -> Path | None:
    """npm's binary in a `node_modules`; the script in `.bin` would start it as a child that outlives the script."""
    for candidate in sorted((modules / "@foundry-rs").glob("anvil-*/bin/anvil*")):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.resolve()
    return None
