"""What can be wrong with a model: its manifest, its files, its graph, its items and its answers.

Used when a model is built, published, installed and run. Each class is one stable code with a page under docs/errors.
"""

from atomic_verify.errors import AtomicError


class ModelError(AtomicError):
    """Root of this package's errors."""

    code = "model-invalid"


class ManifestInvalid(ModelError):
    """A manifest is malformed, out of bounds, or contradicts itself."""

    code = "manifest-invalid"


class ModelUnknown(ModelError):
    """No installed model has this name or id."""

    code = "model-unknown"


class ModelFileMissing(ModelError):
    """A file that the manifest names isn't in the model's folder."""

    code = "model-file-missing"


class ModelDigestMismatch(ModelError):
    """A file's bytes aren't the ones that the manifest pins."""

    code = "model-digest-mismatch"


class ModelBuildFailed(ModelError):
    """A model's build script failed or didn't make what its manifest pins."""

    code = "model-build-failed"


class ProgramMismatch(ModelError):
    """The manifest's program, signature or execution graph isn't what the ONNX file gives."""

    code = "program-mismatch"


class VoidOnlyMissing(ModelError):
    """A float decides inside the model, but its manifest doesn't say that it is void-only."""

    code = "void-only-missing"


class NetworkUnsupported(ModelError):
    """How far a circuit of the model's critical part may be off can't be bounded."""

    code = "network-unsupported"


class CircuitNotOfModel(ModelError):
    """The files of a circuit aren't of this model's critical part, or contradict its manifest."""

    code = "circuit-not-of-model"


class MarginUnderstated(ModelError):
    """A manifest calls decisions certain that the canonical model might make otherwise, or tolerates too little."""

    code = "margin-understated"


class OnnxRefused(ModelError):
    """Root of what the structural check refuses in an ONNX file."""

    code = "onnx-refused"


class OnnxTooLarge(OnnxRefused):
    """The file, its weights, or a tensor it declares or computes is larger than the limits."""

    code = "onnx-too-large"


class OnnxMalformed(OnnxRefused):
    """The bytes aren't a whole ONNX protobuf, or a tensor in it contradicts its own shape."""

    code = "onnx-malformed"


class OnnxExternalData(OnnxRefused):
    """The file keeps weights outside itself."""

    code = "onnx-external-data"


class OnnxOpsetUnknown(OnnxRefused):
    """The file asks for an operator set or format version that isn't supported."""

    code = "onnx-opset-unknown"


class OnnxOperatorRefused(OnnxRefused):
    """The graph uses an operator that is custom, unknown, unbounded or random."""

    code = "onnx-operator-refused"


class OnnxGraphBroken(OnnxRefused):
    """The graph is cyclic, out of order, defines a name twice, or uses one that nothing defines."""

    code = "onnx-graph-broken"


class OnnxSignatureMismatch(OnnxRefused):
    """The graph's inputs and outputs aren't the manifest's."""

    code = "onnx-signature-mismatch"


class OnnxWeightIsNan(OnnxRefused):
    """A weight, constant or attribute is NaN."""

    code = "onnx-weight-is-nan"


class CodecUnknown(ModelError):
    """The manifest names a codec that isn't built in, or gives it options that it doesn't know."""

    code = "codec-unknown"


class ItemRefused(ModelError):
    """A raw item can't be turned into the model's input tensors."""

    code = "item-refused"


class ItemOutOfRange(ItemRefused):
    """An element of an item lies outside of the range for which the model's tolerances were measured."""

    code = "item-out-of-range"


class AnswerUndefined(ModelError):
    """The tensors have no typed answer: an output isn't finite, or an input is none that the codec makes."""

    code = "answer-undefined"


class AnswerInvalid(ModelError):
    """A typed answer breaks the manifest's schema; nobody gets to see it."""

    code = "answer-invalid"
