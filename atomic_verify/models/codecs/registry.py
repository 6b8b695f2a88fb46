"""The built-in codecs by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from atomic_verify.commitments import Signature
from atomic_verify.models.codecs.base import Codec, CodecFactory
from atomic_verify.models.codecs.magika import MagikaCodec
from atomic_verify.models.codecs.tensors import TensorsCodec
from atomic_verify.models.errors import CodecUnknown

CODECS: Mapping[str, CodecFactory] = MappingProxyType({"magika": MagikaCodec, "tensors": TensorsCodec})


def make_codec(
    name: str, options: Mapping[str, Any], tables: Mapping[str, bytes], inputs: Signature, outputs: Signature
) -> Codec:
    """The codec called `name`, made for one model. Raises CodecUnknown for anything it can't take."""
    if name not in CODECS:
        raise CodecUnknown(f"there is no codec {name[:64]!r}", hint=f"the codecs are {', '.join(sorted(CODECS))}")
    return CODECS[name](options, tables, inputs, outputs)
