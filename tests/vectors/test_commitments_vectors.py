"""The package against the committed vectors, which a naive definition wrote and forge reads too."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from atomic_verify.commitments import (
    Batch,
    DType,
    ElementOpening,
    LeafOpening,
    TensorSpec,
    TensorTree,
    UpperTree,
    element_leaves,
    tensor_root,
    verify_entry,
)

ROOT = Path(__file__).resolve().parents[2]
VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/commitments.json").read_text())


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def raws(texts: list[str]) -> tuple[Any, ...]:
    return tuple(raw(text) for text in texts)


def test_the_file_is_what_the_script_writes() -> None:
    render = runpy.run_path(str(ROOT / "scripts/vectors/commitments.py"))["render"]
    assert (ROOT / "tests/vectors/commitments.json").read_text() == render()


@pytest.mark.parametrize("vector", VECTORS["tensors"], ids=lambda vector: str(vector["nbytes"]))
def test_tensor_trees(vector: dict[str, Any]) -> None:
    spec = TensorSpec("x", DType.UINT8, (vector["nbytes"],))
    tree = TensorTree(spec, raw(vector["bytes"]))
    assert tree.root == tensor_root(raw(vector["bytes"])) == raw(vector["root"])
    assert (spec.leaves, spec.depth) == (tree.count, tree.depth) == (vector["leaves"], vector["depth"])
    for known in vector["openings"]:
        opening = LeafOpening(known["first"], raw(known["data"]), raws(known["proof"]))
        assert tree.open_leaves(known["first"], len(opening.data) // 512) == opening
        opening.verify(tree.root, spec.leaves)


@pytest.mark.parametrize("vector", VECTORS["uppers"], ids=lambda vector: str(vector["count"]))
def test_upper_trees(vector: dict[str, Any]) -> None:
    entries = raws(vector["entries"])
    tree = UpperTree(entries)
    assert (tree.root, tree.depth) == (raw(vector["root"]), vector["depth"])
    for index, known in enumerate(vector["proofs"]):
        assert tree.open(index) == list(raws(known))
        verify_entry(tree.root, entries[index], index, len(entries), tree.open(index))


def test_a_batch_and_one_of_its_elements() -> None:
    vector, known = VECTORS["batch"], VECTORS["batch"]["opening"]
    specs = [
        TensorSpec(name, DType(dtype), tuple(shape))
        for name, dtype, shape in zip(vector["names"], vector["dtypes"], vector["shapes"], strict=True)
    ]
    batch = Batch.from_payload(specs, vector["itemCount"], raw(vector["payload"]))
    assert batch.root == raw(vector["root"])
    assert tuple(batch.item_root(index) for index in range(3)) == raws(vector["itemRoots"])

    item, tensor, element = known["item"], known["tensor"], known["element"]
    opening = batch.open_elements(item, tensor, element, 1)
    assert opening == ElementOpening(
        item,
        tensor,
        element,
        1,
        LeafOpening(known["firstLeaf"], raw(known["data"]), raws(known["leafProof"])),
        raws(known["tensorProof"]),
        raws(known["itemProof"]),
    )
    assert opening.verify(batch.root, specs, 3) == raw(known["value"])
    assert element_leaves(specs[tensor], element, 1)[0] == known["firstLeaf"]
