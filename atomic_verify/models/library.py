"""The installed models: folders of digest-checked files, found by name or by model id.

Used by workers before a bid and by gateways before a post. Layout: `<models_dir>/<name>/manifest.json` and beside it
the files that the manifest pins. A codec's tables are checked when a model is opened, the graph when it is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from atomic_verify.commitments import Signature
from atomic_verify.commitments.tensors import Array
from atomic_verify.models.answers import AnswerSchema
from atomic_verify.models.codecs import Answer, Codec, Tensors, make_codec
from atomic_verify.models.critical.installed import InstalledCritical
from atomic_verify.models.derivation import Deriver, is_derived, require_derived
from atomic_verify.models.errors import ManifestInvalid, ModelUnknown
from atomic_verify.models.manifest import MANIFEST_NAME, Manifest
from atomic_verify.models.parts import Stacking
from atomic_verify.models.pinned import read_pinned
from atomic_verify.models.ranges import require_in_range, require_payload_in_range
from atomic_verify.protocol.primitives import ModelId

__all__ = ["Executable", "InstalledModel", "ModelLibrary", "read_pinned"]


@dataclass(frozen=True, slots=True)
class Executable:
    """What a session needs of a model: the graph's bytes, its signature per item, and how far items may be stacked."""

    name: str
    graph: bytes
    graph_sha256: str
    inputs: Signature
    outputs: Signature
    stacking: Stacking


@dataclass(frozen=True, slots=True, eq=False)
class InstalledModel:
    """A model whose files are in a folder."""

    manifest: Manifest
    model_id: ModelId
    directory: Path
    codec: Codec
    answers: AnswerSchema

    @classmethod
    def open(cls, directory: Path) -> "InstalledModel":
        """Read the manifest and check the codec's tables.

        Raises ModelFileMissing, ManifestInvalid, ModelDigestMismatch, CodecUnknown.
        """
        manifest = Manifest.load(directory / MANIFEST_NAME)
        tables = {pin.file: read_pinned(directory, pin) for pin in manifest.codec.tables}
        entry = manifest.codec
        codec = make_codec(entry.name, entry.options, tables, manifest.input_signature, manifest.output_signature)
        return cls(manifest, manifest.model_id, directory, codec, AnswerSchema(manifest.answer_schema))

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def critical(self) -> InstalledCritical | None:
        """The step that is proven, if the model has one."""
        entry = self.manifest.critical
        return None if entry is None else InstalledCritical(entry, self.manifest.spec().critical, self.directory)

    @property
    def is_derived(self) -> bool:
        """Whether the program was derived here from the model's own ONNX file, and is what the manifest says."""
        return is_derived(self.manifest, self.directory)

    def require_derived(self, derive: Deriver) -> None:
        """Refuse a disputable model whose program isn't what its ONNX file gives; for whoever relies on the model.

        The derivation is kept beside the model's files. Raises ProgramMismatch, VoidOnlyMissing, ModelFileMissing,
        ModelDigestMismatch, and what `derive` raises.
        """
        require_derived(self.manifest, self.directory, derive)

    def executable(self) -> Executable:
        """The graph, read and digest-checked now. Raises ModelFileMissing, ModelDigestMismatch."""
        manifest = self.manifest
        return Executable(
            name=manifest.name,
            graph=read_pinned(self.directory, manifest.graph),
            graph_sha256=manifest.graph.sha256,
            inputs=manifest.input_signature,
            outputs=manifest.output_signature,
            stacking=manifest.stacking,
        )

    def encode(self, raw: BinaryIO) -> dict[str, Array]:
        """Input tensors of one raw item, inside their ranges. Raises ItemRefused."""
        arrays = self.codec.encode(raw)
        require_in_range(self.manifest.inputs, arrays)
        return arrays

    def require_in_range(self, item_count: int, payload: bytes) -> None:
        """Refuse a batch with an element outside of what the tolerances were measured for. Raises ItemOutOfRange."""
        require_payload_in_range(self.manifest.inputs, item_count, payload)

    def answer(self, inputs: Tensors, outputs: Tensors) -> Answer:
        """The typed answer of one item, valid under the manifest's schema. Raises AnswerUndefined, AnswerInvalid."""
        answer = self.codec.decode(inputs, outputs)
        self.answers.require(answer)
        return answer


class ModelLibrary:
    """The models installed in one folder. Reads the folder when it is made; make another after an installation."""

    def __init__(self, directory: Path) -> None:
        """A folder that doesn't exist is an empty library. Raises what `InstalledModel.open` raises."""
        self.directory = directory
        # A build in progress has its scratch folder beside the models; its name begins with a dot.
        folders = sorted(path.parent for path in directory.glob(f"[!.]*/{MANIFEST_NAME}"))
        self._models: dict[str, InstalledModel] = {}
        for folder in folders:
            model = InstalledModel.open(folder)
            if model.name != folder.name:
                raise ManifestInvalid(f"the folder {folder.name!r} holds the model {model.name!r}", path=str(folder))
            self._models[model.name] = model
        self._by_id = {model.model_id: model for model in self._models.values()}

    def __iter__(self) -> Iterator[InstalledModel]:
        return iter(self._models.values())

    def __len__(self) -> int:
        return len(self._models)

    def by_id(self, model_id: bytes) -> InstalledModel:
        """Raises ModelUnknown."""
        found = self._by_id.get(ModelId(bytes(model_id)))
        if found is None:
            raise ModelUnknown("no installed model has this id", hint=self._hint(), model_id="0x" + model_id.hex())
        return found

    def get(self, name_or_id: str) -> InstalledModel:
        """The model of this name, or of this id as 0x and 64 hexadecimal digits. Raises ModelUnknown."""
        if name_or_id in self._models:
            return self._models[name_or_id]
        if name_or_id.startswith("0x") and len(name_or_id) == 66:
            try:
                return self.by_id(bytes.fromhex(name_or_id[2:]))
            except ValueError:
                pass
        raise ModelUnknown(f"no installed model is called {name_or_id[:80]!r}", hint=self._hint())

    def _hint(self) -> str:
        known = ", ".join(self._models) or "none"
        return f"installed in {self.directory}: {known}"
