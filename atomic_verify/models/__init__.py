"""Models: manifests, the installed library, the check of strangers' ONNX files, codecs and typed answers.

`manifest` declares, `library` finds what is installed, `build` installs it, `check` judges a stranger's graph,
`codecs` translate between raw items, tensors and typed answers, `answers` validates those.
"""

from atomic_verify.models.answers import AnswerSchema
from atomic_verify.models.library import Executable, InstalledModel, ModelLibrary
from atomic_verify.models.manifest import Manifest

__all__ = ["AnswerSchema", "Executable", "InstalledModel", "Manifest", "ModelLibrary"]
