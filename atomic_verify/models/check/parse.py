"""Bytes to protobuf, and what stands in the file's header."""

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from atomic_verify.models.check.limits import CheckLimits
from atomic_verify.models.errors import OnnxMalformed, OnnxOperatorRefused, OnnxOpsetUnknown, OnnxTooLarge

OLDEST_IR, OLDEST_OPSET = 3, 7
STANDARD_DOMAINS = frozenset({"", "ai.onnx"})


def parse(data: bytes, limits: CheckLimits) -> onnx.ModelProto:
    """The file as protobuf. Raises OnnxTooLarge, OnnxMalformed."""
    if len(data) > limits.file_bytes:
        raise OnnxTooLarge(f"the file has more than {limits.file_bytes} bytes", bytes=len(data))
    model = onnx.ModelProto()
    try:
        # The bytes that were read, not their count, are the answer: it is smaller if something follows the message.
        read = model.ParseFromString(data)
    except DecodeError as error:
        raise OnnxMalformed("the file is no whole ONNX protobuf", reason=str(error)[:200]) from error
    if read is not None and read != len(data):
        raise OnnxMalformed("something follows the ONNX protobuf", bytes=len(data), read=read)
    if not model.HasField("graph") or not model.graph.node or not model.graph.output:
        raise OnnxMalformed("the file has no graph, or one without nodes or outputs")
    return model


def check_header(model: onnx.ModelProto) -> int:
    """The standard operator set's version. Raises OnnxOpsetUnknown, OnnxOperatorRefused, OnnxMalformed."""
    if not OLDEST_IR <= model.ir_version <= onnx.IR_VERSION:
        raise OnnxOpsetUnknown(
            f"format version {model.ir_version} isn't in {OLDEST_IR}..{onnx.IR_VERSION}", ir_version=model.ir_version
        )
    require_text(*(entry.domain for entry in model.opset_import))
    versions = {entry.version for entry in model.opset_import if entry.domain in STANDARD_DOMAINS}
    newest = onnx.defs.onnx_opset_version()
    if len(versions) != 1 or not OLDEST_OPSET <= min(versions) <= newest:
        raise OnnxOpsetUnknown(
            f"the standard operator set's version is none, or not one of {OLDEST_OPSET}..{newest}",
            found=sorted(versions)[:8],
        )
    if model.functions:
        raise OnnxOperatorRefused(
            "the file defines functions of its own", hint="inline them: onnx.inliner.inline_local_functions"
        )
    if model.training_info:
        raise OnnxOperatorRefused("the file has training steps", hint="export it for inference")
    version: int = versions.pop()
    return version


def require_text(*texts: object) -> None:
    """Raise OnnxMalformed for a name that isn't UTF-8: protobuf gives such a one as bytes, which nothing expects."""
    for text in texts:
        if not isinstance(text, str):
            raise OnnxMalformed("a name in the file isn't UTF-8", found=repr(text)[:80])
