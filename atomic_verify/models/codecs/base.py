"""What a codec is: raw item bytes -> input tensors, and input and output tensors -> typed answer.

Raw item: what a requester submits for one inference, such as a file. Codecs are built in and chosen by name; a model
never brings code. An answer is a pure function of the item's committed tensors, inputs and outputs: whoever holds
them, with their Merkle paths, can recompute it, and nobody needs the raw item for that.
"""

from collections.abc import Mapping
from typing import Any, BinaryIO, Protocol, TypeAlias

from atomic_verify.commitments import Signature
from atomic_verify.commitments.tensors import Array

Tensors: TypeAlias = Mapping[str, Array]
"""Arrays by name, of exactly the shapes and element types of a signature."""

Answer: TypeAlias = dict[str, Any]
"""A JSON object without NaN or infinity."""


class Codec(Protocol):
    """Stateless once made; safe for threads to share."""

    def encode(self, raw: BinaryIO) -> dict[str, Array]:
        """Input tensors of one raw item, a seekable binary stream. Raises ItemRefused."""

    def decode(self, inputs: Tensors, outputs: Tensors) -> Answer:
        """Typed answer of one item. Raises AnswerUndefined."""


class CodecFactory(Protocol):
    """Makes a codec for one model."""

    def __call__(
        self, options: Mapping[str, Any], tables: Mapping[str, bytes], inputs: Signature, outputs: Signature
    ) -> Codec:
        """`options` come from the manifest, `tables` are its digest-checked files by name. Raises CodecUnknown."""
