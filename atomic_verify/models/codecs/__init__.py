"""Codecs: between raw items, tensors and typed answers. All are built in; a stranger's model never brings code."""

from atomic_verify.models.codecs.base import Answer, Codec, CodecFactory, Tensors
from atomic_verify.models.codecs.registry import make_codec

__all__ = ["Answer", "Codec", "CodecFactory", "Tensors", "make_codec"]
