"""Writes tests/vectors/laws.json: what each law of docs/canonical.md allows and forbids, by independent arithmetic.

Expected values are exact rationals, and mpmath's where a function has none; nothing is taken from atomic_verify or from
the contracts. Run `python -m scripts.vectors.laws` after a law changed, and with `--check` to see whether the file is
current. Sections, with each case in hexadecimal, all numbers big-endian:

- `maps`: u8 function, u8 dtype of the last operand, u8 count of operands, u8 count of lawful results, u8 dtype of the
  result, then 8-byte words: the operands, lawful results, and up to the end results that break the law.
- `values`: u8 function, 8-byte operands a and b (0 where there is none), i256 mantissa, i256 exponent: the true value,
  rounded to 126 bits.
- `steps`: columns. `record` is record number 3 of a program of 4 steps, whose operand p reads tensor p of its source;
  `tensors` and `reads` are as Case says, `element` is judged, `lawful` and `broken` are words.
- `records`: u8 whether it is valid as number 3, then the record.
"""

import argparse
import json
import random
import struct
import sys
from pathlib import Path

from scripts.vectors.law_maps import maps, values
from scripts.vectors.law_numbers import Expected, broken, lawful
from scripts.vectors.law_programs import steps
from scripts.vectors.law_records import records

FILE = Path(__file__).resolve().parents[2] / "tests" / "vectors" / "laws.json"
SEED = 20


def main() -> int:
    """Writes the vectors, or with --check says whether the file holds them."""
    parser = argparse.ArgumentParser(description="write tests/vectors/laws.json")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file is not current")
    arguments = parser.parse_args()
    text = render()
    if arguments.check:
        current = FILE.exists() and FILE.read_text() == text
        print("current" if current else f"{FILE} is not what this script writes")
        return 0 if current else 1
    FILE.write_text(text)
    print(f"wrote {FILE}")
    return 0


def render(seed: int = SEED) -> str:
    """The file's text; of another seed the same edges with other random cases."""
    cases = list(steps(random.Random(seed)))
    sections = {
        "maps": [_map_row(*case) for case in maps(random.Random(seed + 1))],
        "values": [_value_row(*case) for case in values(random.Random(seed + 2))],
        "steps": {
            "record": [_hex(case.record()) for case in cases],
            "tensors": [_hex(case.tensors()) for case in cases],
            "reads": [_hex(case.reads()) for case in cases],
            "element": [str(case.element) for case in cases],
            "lawful": [_hex(_words(lawful(case.law))) for case in cases],
            "broken": [_hex(_words(broken(case.law))) for case in cases],
        },
        "records": [_hex(bytes([valid]) + record) for valid, record in records(random.Random(seed + 3))],
    }
    return json.dumps(sections, indent=0) + "\n"


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _words(words: list[int]) -> bytes:
    return b"".join(struct.pack(">Q", word) for word in words)


def _map_row(function: int, dtype: int, operands: list[int], law: Expected) -> str:
    good = lawful(law)
    head = bytes([function, dtype, len(operands), len(good), law.dtype])
    return _hex(head + _words([*operands, *good, *broken(law)]))


def _value_row(function: int, operands: list[int], mantissa: int, exponent: int) -> str:
    first, second = (*operands, 0)[:2]
    numbers = b"".join(number.to_bytes(32, "big", signed=True) for number in (mantissa, exponent))
    return _hex(bytes([function]) + _words([first, second]) + numbers)


if __name__ == "__main__":
    sys.exit(main())
