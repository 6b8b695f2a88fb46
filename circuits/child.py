"""The process that calls EZKL, and the only place that imports it. Started by `runner` only, once for each request.

It reads `request.json` in the folder that it is given and writes `reply.json` there. It ends by `os._exit`: EZKL's
threads crash an ordinary exit now and then. Panics of EZKL are BaseExceptions; all are answered as errors.
"""

import ctypes
import json
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x1000_0000, 0x4000_0000
REQUEST, REPLY = "request.json", "reply.json"

Arguments = Mapping[str, Any]


def guard(owner: int, memory: int) -> None:
    """Die with the process that asked, use so much memory and no more, dump no core, gain no rights, see no network.

    The network goes where the kernel lets a process leave it by itself; EZKL needs none for what is asked here.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    if os.getppid() != owner:
        os._exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What is written to, not what is only reserved: stacks and arenas of threads reserve much.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def settings(ezkl: Any, given: Arguments) -> dict[str, Any]:
    """Settings of a network, calibrated on data at one fixed scale."""
    chosen = ezkl.PyRunArgs()
    for name, value in given["run_args"].items():
        setattr(chosen, name, value)
    ezkl.gen_settings(given["network"], given["settings"], py_run_args=chosen)
    ezkl.calibrate_settings(
        given["data"],
        given["network"],
        given["settings"],
        "resources",
        lookup_safety_margin=2.0,
        scales=[given["run_args"]["input_scale"]],
        scale_rebase_multiplier=[given["run_args"]["scale_rebase_multiplier"]],
    )
    return {}


def srs(ezkl: Any, given: Arguments) -> dict[str, Any]:
    """A development SRS, with a secret that nobody keeps and anybody could have kept."""
    ezkl.gen_srs(given["srs"], given["k"])
    return {}


def keys(ezkl: Any, given: Arguments) -> dict[str, Any]:
    """The compiled network and both keys."""
    ezkl.compile_circuit(given["network"], given["compiled"], given["settings"])
    ezkl.setup(given["compiled"], given["vk"], given["pk"], given["srs"])
    return {}


def verifier(ezkl: Any, given: Arguments) -> dict[str, Any]:
    """The verifier's source. EZKL writes it, then looks for a compiler of its own and fails, which doesn't matter."""

    import asyncio  # noqa: PLC0415  # a tenth of a small proof's time, which only this act needs

    async def create() -> None:
        await ezkl.create_evm_verifier(given["vk"], given["settings"], given["source"], given["abi"], given["srs"])

    try:
        asyncio.run(create())
    except RuntimeError:
        if not Path(given["source"]).exists():
            raise
    return {}


def outputs(ezkl: Any, given: Arguments) -> dict[str, Any]:
    """What the circuit gives for each of several inputs, as field elements in hexadecimal, without a proof."""
    found = []
    for item in given["items"]:
        Path(given["data"]).write_text(json.dumps({"input_data": [item]}))
        ezkl.gen_witness(given["data"], given["compiled"], given["witness"])
        witness = json.loads(Path(given["witness"]).read_text())
        found.append([_element(one) for row in witness["outputs"] for one in row])
    return {"outputs": found}


def prove(ezkl: Any, given: Arguments) -> dict[str, Any]:
    """A proof, checked: EZKL proves a wrong witness too, and only then tells."""
    ezkl.gen_witness(given["data"], given["compiled"], given["witness"])
    ezkl.prove(given["witness"], given["compiled"], given["pk"], given["proof"], given["srs"])
    found = json.loads(Path(given["proof"]).read_text())
    holds = ezkl.verify(given["proof"], given["settings"], given["vk"], given["srs"])
    return {
        "holds": bool(holds),
        "proof": bytes(found["proof"]).hex(),
        "instances": [_element(one) for row in found["instances"] for one in row],
    }


def verify(ezkl: Any, given: Arguments) -> dict[str, Any]:
    """Whether a proof holds. EZKL tells of a bad one by an error or a panic, which here are no failures."""
    try:
        return {"holds": bool(ezkl.verify(given["proof"], given["settings"], given["vk"], given["srs"]))}
    except MemoryError:
        raise
    except BaseException as error:
        return {"holds": False, "reason": str(error)[:500]}


def quantise(ezkl: Any, given: Arguments) -> dict[str, Any]:
    """Numbers as EZKL quantises them, for the tests that compare."""
    felts = [ezkl.float_to_felt(value, given["scale"], ezkl.PyInputType.F32) for value in given["values"]]
    return {"elements": [_element(one) for one in felts]}


def _element(digits: str) -> str:
    """EZKL writes field elements with the lowest byte first; here the highest comes first."""
    return bytes.fromhex(digits)[::-1].hex()


ACTS: Mapping[str, Callable[[Any, Arguments], dict[str, Any]]] = {
    act.__name__: act for act in (settings, srs, keys, verifier, outputs, prove, verify, quantise)
}


def peak_bytes() -> int:
    """The most memory this process had. The kernel's other figure would count what the owner had before the fork."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) * 1024 if found else 0


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """The reply to a request, an error included."""
    started = time.perf_counter()
    try:
        import ezkl  # noqa: PLC0415  # behind the limits

        result = ACTS[request["act"]](ezkl, request["arguments"])
        return {"result": result, "seconds": time.perf_counter() - started, "peak_bytes": peak_bytes()}
    except BaseException as error:
        return {"error": {"kind": type(error).__name__, "reason": str(error)[:2000]}}


def main(folder: Path) -> None:
    request = json.loads((folder / REQUEST).read_text())
    guard(request["owner"], request["memory"])
    staged = folder / f"{REPLY}.new"
    staged.write_text(json.dumps(answer(request)))
    staged.replace(folder / REPLY)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
