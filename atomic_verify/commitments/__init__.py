"""Commitments: tensors, payloads, hash trees and openings, byte-equal to the contracts.

`tensors` declares, `digests` hashes, `trees` grows and proves, `tensor_tree` covers one tensor, `batches` a job's
items.
"""

from atomic_verify.commitments.batches import (
    MAX_ITEMS,
    MAX_PAYLOAD_BYTES,
    Batch,
    ElementOpening,
    Signature,
    batch_root,
    decode_item,
    encode_batch,
    encode_item,
    item_root,
)
from atomic_verify.commitments.digests import MISSING, Digest, leaf_digest, node_digest
from atomic_verify.commitments.errors import (
    CommitmentError,
    MalformedBool,
    OpeningIndexError,
    OpeningLengthError,
    PayloadSizeError,
    RootMismatch,
    TensorMismatch,
    TensorSpecError,
)
from atomic_verify.commitments.tensor_tree import (
    LeafOpening,
    TensorTree,
    element_leaves,
    read_elements,
    tensor_root,
    verify_elements,
)
from atomic_verify.commitments.tensors import (
    LEAF_BYTES,
    Array,
    DType,
    TensorSpec,
    decode_tensor,
    encode_tensor,
    first_malformed_bool,
    leaf_count,
)
from atomic_verify.commitments.trees import (
    UpperTree,
    depth_of,
    entry_root,
    proof_length,
    range_root,
    verify_entry,
    verify_range,
)

__all__ = [
    "LEAF_BYTES",
    "MAX_ITEMS",
    "MAX_PAYLOAD_BYTES",
    "MISSING",
    "Array",
    "Batch",
    "CommitmentError",
    "DType",
    "Digest",
    "ElementOpening",
    "LeafOpening",
    "MalformedBool",
    "OpeningIndexError",
    "OpeningLengthError",
    "PayloadSizeError",
    "RootMismatch",
    "Signature",
    "TensorMismatch",
    "TensorSpec",
    "TensorSpecError",
    "TensorTree",
    "UpperTree",
    "batch_root",
    "decode_item",
    "decode_tensor",
    "depth_of",
    "element_leaves",
    "encode_batch",
    "encode_item",
    "encode_tensor",
    "entry_root",
    "first_malformed_bool",
    "item_root",
    "leaf_count",
    "leaf_digest",
    "node_digest",
    "proof_length",
    "range_root",
    "read_elements",
    "tensor_root",
    "verify_elements",
    "verify_entry",
    "verify_range",
]
