"""Writing manifests for people to read: in the order of the fields, lists of plain values in as few lines as fit."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from atomic_verify.models.manifest import Manifest

WIDTH = 116


def write_manifest(path: Path, content: Mapping[str, Any]) -> Manifest:
    """Writes a manifest's content whole or not at all, and returns it. Raises ManifestInvalid."""
    ordered = {name: content[name] for name in Manifest.model_fields if name in content}
    text = manifest_text(ordered | dict(content)) + "\n"
    manifest = Manifest.parse(text)
    staged = path.with_name(f".{path.name}")
    staged.write_text(text, encoding="utf-8")
    staged.replace(path)
    return manifest


def manifest_text(value: Any, indent: int = 0) -> str:
    """JSON with two spaces for each level, lists of plain values in as few lines as fit."""
    if isinstance(value, Mapping) and value:
        inner = [f"{_key(name)}: {manifest_text(one, indent + 2)}" for name, one in value.items()]
        return _block("{", inner, "}", indent)
    if isinstance(value, list | tuple) and value:
        if any(isinstance(one, Mapping | list | tuple) for one in value):
            return _block("[", [manifest_text(one, indent + 2) for one in value], "]", indent)
        line = json.dumps(value, ensure_ascii=False)
        return line if indent + len(line) <= WIDTH else _block("[", _lines(value, WIDTH - indent - 2), "]", indent)
    return json.dumps(value, ensure_ascii=False)


def _lines(values: Sequence[Any], width: int) -> list[str]:
    """Plain values, as many on a line as fit."""
    lines: list[str] = []
    for one in values:
        text = json.dumps(one, ensure_ascii=False)
        if lines and len(lines[-1]) + len(text) + 2 <= width:
            lines[-1] += f", {text}"
        else:
            lines.append(text)
    return lines


def _key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _block(opening: str, inner: list[str], closing: str, indent: int) -> str:
    pad = " " * (indent + 2)
    return f"{opening}\n" + ",\n".join(pad + one for one in inner) + f"\n{' ' * indent}{closing}"
