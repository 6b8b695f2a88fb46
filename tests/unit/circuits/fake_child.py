"""A child that behaves as EZKL's might at its worst; the act that is asked for names the way."""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

from circuits.child import REPLY, REQUEST, guard


def error(kind: str, reason: str) -> str:
    return json.dumps({"error": {"kind": kind, "reason": reason}})


def main(folder: Path) -> None:
    request = json.loads((folder / REQUEST).read_text())
    guard(request["owner"], 2**40)
    replies = {
        "echo": json.dumps({"result": request["arguments"], "seconds": 0.5, "peak_bytes": 7}),
        "fail": error("RuntimeError", "Failed to run prove: no such file"),
        "panic": error("PanicException", "called `Option::unwrap()` on a `None` value"),
        "memory-error": error("MemoryError", ""),
        "threads": error("PanicException", "failed to spawn thread: Resource temporarily unavailable"),
        "range": error("RuntimeError", "Failed to generate witness: General synthesis error"),
        "garbage": "}{",
        "deep": "[" * 100_000,
        "other": json.dumps({"result": "yes", "seconds": "soon"}),
        "list": "[1]",
    }
    match request["act"]:
        case "abort":
            os.write(1, b"memory allocation of 8388612 bytes failed")
            os.abort()
        case "crash":
            os.write(1, b"thread 'main' panicked at x.rs:1")
            os.abort()
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            Path(request["arguments"]["pid"]).write_text(str(os.getpid()))
            time.sleep(600)
        case "silent":
            pass
        case "walls":
            secrets = [name for name in os.environ if name.startswith("ATOMIC_")]
            # In a network of its own not even the loopback is up.
            try:
                socket.create_connection(("127.0.0.1", request["arguments"]["port"]), timeout=5).close()
                reached = True
            except OSError:
                reached = False
            result = {"secrets": secrets, "reached": reached, "left": str(Path("/proc/self/ns/net").readlink())}
            (folder / REPLY).write_text(json.dumps({"result": result, "seconds": 0.0, "peak_bytes": 1}))
        case act:
            if act == "range":
                os.write(1, b"decomposition error: integer 9 is too large to be represented by base 2 and n 3")
            (folder / REPLY).write_text(replies[act])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
