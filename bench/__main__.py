"""`make bench`: measures everything, shows a table and writes build/bench.json.

python -m bench [canonical] [catching] [commitments] [disputes] [execution] [gas] [gateway] [proofs] [referee]
                [watching]
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from atomic_verify.observability import configure_logging
from bench import canonical, catching, commitments, disputes, execution, gas, gateway, proofs, referee, watching
from bench.figures import Figure, show, write

ROOT = Path(__file__).resolve().parent.parent
AREAS: dict[str, Callable[[], Iterator[Figure]]] = {
    "canonical": lambda: canonical.measure(ROOT),
    "catching": lambda: catching.measure(ROOT),
    "commitments": commitments.measure,
    "disputes": lambda: disputes.measure(ROOT),
    "execution": lambda: execution.measure(ROOT),
    "gas": lambda: gas.measure(ROOT),
    "gateway": lambda: gateway.measure(ROOT),
    "proofs": lambda: proofs.measure(ROOT),
    "watching": lambda: watching.measure(ROOT),
    "referee": lambda: referee.measure(ROOT),
}


def main(names: list[str]) -> int:
    """Measures the named areas, or all."""
    unknown = [name for name in names if name not in AREAS]
    if unknown:
        print(f"There is no area {unknown[0]}: {', '.join(AREAS)}", file=sys.stderr)
        return 2
    configure_logging(level="ERROR")
    figures: list[Figure] = []
    for name in names or AREAS:
        print(f"measuring {name} ...", file=sys.stderr)
        figures.extend(AREAS[name]())
    show(figures)
    write(figures, ROOT / "build" / "bench.json")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
