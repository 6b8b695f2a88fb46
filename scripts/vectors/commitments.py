"""Writes tests/vectors/commitments.json, which pytest and forge both read.

The roots and proofs come from the definition written down once more, naively and with the standard library alone, so
that the package and the contracts are both compared with something that neither of them is. Run it after a deliberate
change of the protocol; a test fails while the file differs from what this script makes.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[2] / "tests" / "vectors" / "commitments.json"
LEAF = 512
TENSOR_BYTES = (0, 1, 511, 512, 513, 1024, 1025, 1536, 4 * 512 - 1, 7 * 512, 8 * 512 + 4)
ENTRY_COUNTS = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17)


def leaf(data: bytes) -> bytes:
    """Digest of a leaf or an entry."""
    return sha256(b"\x00" + data).digest()


def leaves_of(data: bytes) -> list[bytes]:
    """A tensor's leaves, the last filled with zeros; one for an empty tensor."""
    return [data[start : start + LEAF].ljust(LEAF, b"\x00") for start in range(0, max(1, len(data)), LEAF)]


def height_of(count: int) -> int:
    """Smallest height at which a perfect tree has room for `count` leaves."""
    height = 0
    while 2**height < count:
        height += 1
    return height


def subtree(digests: list[bytes], start: int, height: int) -> bytes:
    """The node at `height` whose leftmost leaf is number `start`; 32 zero bytes where no leaf is."""
    if start >= len(digests):
        return bytes(32)
    if height == 0:
        return digests[start]
    left = subtree(digests, start, height - 1)
    return sha256(b"\x01" + left + subtree(digests, start + 2 ** (height - 1), height - 1)).digest()


def root(digests: list[bytes]) -> bytes:
    """Root over leaf digests."""
    return subtree(digests, 0, height_of(len(digests)))


def proof(digests: list[bytes], first: int, length: int) -> list[bytes]:
    """The nodes next to the run's ancestors: at each height, left before right."""
    found = []
    for height in range(height_of(len(digests))):
        low, high = first >> height, (first + length - 1) >> height
        if low & 1:
            found.append(subtree(digests, (low - 1) << height, height))
        if not high & 1:
            found.append(subtree(digests, (high + 1) << height, height))
    return found


def stream(label: str, length: int) -> bytes:
    """Bytes that look random and are the same everywhere."""
    blocks = (sha256(f"{label} {number}".encode()).digest() for number in range(length // 32 + 1))
    return b"".join(blocks)[:length]


def text(value: bytes) -> str:
    """Hex as forge reads it."""
    return "0x" + value.hex()


def texts(values: list[bytes]) -> list[str]:
    """Hex of each."""
    return [text(value) for value in values]


def tensor_vector(nbytes: int) -> dict[str, Any]:
    """One tensor with its root and a few runs of leaves: first, last, all, inner."""
    data = stream("tensor", nbytes)
    leaves = leaves_of(data)
    digests = [leaf(each) for each in leaves]
    count = len(leaves)
    runs = sorted({(0, 1), (count - 1, 1), (0, count), (count // 3, (count + 1) // 2)})
    openings = [
        {
            "first": first,
            "data": text(b"".join(leaves[first : first + length])),
            "proof": texts(proof(digests, first, length)),
        }
        for first, length in runs
    ]
    return {
        "bytes": text(data),
        "nbytes": nbytes,
        "leaves": count,
        "depth": height_of(count),
        "root": text(root(digests)),
        "openings": openings,
        "openingCount": len(openings),
    }


def upper_vector(entries: list[bytes]) -> dict[str, Any]:
    """One upper tree with its root and every entry's proof."""
    digests = [leaf(entry) for entry in entries]
    return {
        "entries": texts(entries),
        "count": len(entries),
        "depth": height_of(len(entries)),
        "root": text(root(digests)),
        "proofs": [texts(proof(digests, index, 1)) for index in range(len(entries))],
    }


def batch_vector() -> dict[str, Any]:
    """Three items of three tensors, and one element opened all the way up."""
    sizes = [3 * 200 * 4, 7, 0]
    payload = b""
    item_roots, tensors = [], []
    for item in range(3):
        parts = [stream(f"item {item}", sizes[0]), bytes(index % 2 for index in range(item, item + 7)), b""]
        payload += b"".join(parts)
        tensors.append(parts)
        item_roots.append(root([leaf(tensor_root(part)) for part in parts]))
    item, tensor, element = 2, 0, 301
    leaves = leaves_of(tensors[item][tensor])
    at = element * 4 // LEAF
    return {
        "names": ["scores", "mask", "nothing"],
        "dtypes": [1, 9, 7],
        "shapes": [[3, 200], [7], [0]],
        "itemCount": 3,
        "payload": text(payload),
        "itemRoots": texts(item_roots),
        "root": text(root([leaf(each) for each in item_roots])),
        "opening": {
            "item": item,
            "tensor": tensor,
            "tensorCount": len(sizes),
            "element": element,
            "elements": sizes[0] // 4,
            "itemSize": 4,
            "leaves": len(leaves),
            "firstLeaf": at,
            "data": text(leaves[at]),
            "leafProof": texts(proof([leaf(each) for each in leaves], at, 1)),
            "tensorProof": texts(proof([leaf(tensor_root(part)) for part in tensors[item]], tensor, 1)),
            "itemProof": texts(proof([leaf(each) for each in item_roots], item, 1)),
            "value": text(tensors[item][tensor][element * 4 : element * 4 + 4]),
        },
    }


def tensor_root(data: bytes) -> bytes:
    """Root over a tensor's bytes."""
    return root([leaf(each) for each in leaves_of(data)])


def build() -> dict[str, Any]:
    """All vectors."""
    tensors = [tensor_vector(nbytes) for nbytes in TENSOR_BYTES]
    uppers = [upper_vector([stream(f"entry {index}", 32) for index in range(count)]) for count in ENTRY_COUNTS]
    uppers.append(upper_vector([stream("record", length) for length in (0, 1, 31, 33, 64, 65, 512)]))
    return {
        "tensors": tensors,
        "tensorCount": len(tensors),
        "uppers": uppers,
        "upperCount": len(uppers),
        "batch": batch_vector(),
    }


def render() -> str:
    """The file's text."""
    return json.dumps(build(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render())
