"""Writes the contracts' ABI and bytecode into the Python package; `--check` tells whether what is there is current.

Run after `forge build`: the input is forge's output folder, the result one small JSON file per contract.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "contracts"
PACKAGED = ROOT / "atomic_verify" / "chain" / "abi"
CONTRACTS = ("Disputes", "Examiner", "Market", "Models", "Proofs", "Referee", "Registry", "Results", "UtilityToken")


def packaged(name: str) -> str:
    """The text of a contract's file in the package."""
    artifact = json.loads((BUILT / f"{name}.sol" / f"{name}.json").read_text())
    kept = {"abi": artifact["abi"], "bytecode": artifact["bytecode"]["object"]}
    return json.dumps(kept, indent=1, sort_keys=True) + "\n"


def main(check: bool) -> int:
    """Writes or compares all files; 1 if any differs under `check`."""
    PACKAGED.mkdir(parents=True, exist_ok=True)
    stale = []
    for name in CONTRACTS:
        target, text = PACKAGED / f"{name}.json", packaged(name)
        if check and (not target.exists() or target.read_text() != text):
            stale.append(target.name)
        if not check:
            target.write_text(text)
    if stale:
        print(f"The packaged contracts are stale: {', '.join(stale)}. Run `make abi` and commit.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
