"""Importing the chain package leaves the interpreter as it was."""

import subprocess
import sys

SCRIPT = """
import json, sys
before = sys.getrecursionlimit()
import atomic_verify.chain.anvil, atomic_verify.chain.deploy, atomic_verify.chain.keystore, atomic_verify.chain.sender
assert sys.getrecursionlimit() == before
try:
    json.loads("[" * 200_000)
except RecursionError:
    print("refused")
"""


def test_deeply_nested_json_is_refused_and_does_not_end_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "refused\n")
