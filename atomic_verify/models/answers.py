"""Typed answers: what a requester reads instead of tensors, checked against the manifest's JSON Schema.

Used when a finished job's item is shown. A manifest may come from a stranger, so its schema is a closed, bounded
subset of JSON Schema 2020-12: no references (no fetches, no recursion) and no regular expressions (no blow-up).
"""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry

from atomic_verify.models.errors import AnswerInvalid, ManifestInvalid

MAX_SCHEMA_DEPTH = 16
MAX_SCHEMA_NODES = 2048
MAX_ENUM = 4096

_PLAIN = frozenset({
    "$schema", "title", "description", "type", "required", "enum", "const", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems",
})  # fmt: skip
_ONE = frozenset({"items", "additionalProperties", "not"})
_MANY = frozenset({"prefixItems", "anyOf", "oneOf", "allOf"})


def require_schema(schema: Mapping[str, Any]) -> None:
    """Refuse a schema outside the subset, deeper than 16 or with more than 2,048 subschemas. Raises ManifestInvalid."""
    pending: list[tuple[Any, int]] = [(schema, 0)]
    seen = 0
    while pending:
        node, depth = pending.pop()
        seen += 1
        if seen > MAX_SCHEMA_NODES or depth > MAX_SCHEMA_DEPTH:
            raise ManifestInvalid("the answer schema is too large or too deep", nodes=seen, depth=depth)
        if isinstance(node, bool):
            continue
        if not isinstance(node, Mapping):
            raise ManifestInvalid("a subschema of the answer schema is neither an object nor a bool")
        pending.extend((child, depth + 1) for child in _children(node))
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        raise ManifestInvalid("the answer schema isn't a JSON Schema", reason=error.message[:200]) from error


def _children(node: Mapping[str, Any]) -> list[Any]:
    children: list[Any] = []
    for keyword, value in node.items():
        if keyword == "properties":
            if not isinstance(value, Mapping):
                raise ManifestInvalid("`properties` of the answer schema isn't an object")
            children.extend(value.values())
        elif keyword in _ONE:
            children.append(value)
        elif keyword in _MANY:
            if not isinstance(value, list | tuple):
                raise ManifestInvalid(f"`{keyword}` of the answer schema isn't a list")
            children.extend(value)
        elif keyword not in _PLAIN:
            raise ManifestInvalid(
                f"the answer schema uses {keyword[:64]!r}",
                hint="references, regular expressions and formats aren't allowed in an answer schema",
            )
        elif keyword == "enum" and isinstance(value, list | tuple) and len(value) > MAX_ENUM:
            raise ManifestInvalid(f"an enum of the answer schema has more than {MAX_ENUM} values")
    return children


class AnswerSchema:
    """A compiled answer schema."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Raises ManifestInvalid for a schema that `require_schema` refuses."""
        require_schema(schema)
        # An empty registry: the default one would fetch a reference over the network.
        self._validator = Draft202012Validator(dict(schema), registry=Registry())

    def require(self, answer: Mapping[str, Any]) -> None:
        """Raise AnswerInvalid, naming the place, unless `answer` obeys the schema."""
        error: ValidationError | None = next(iter(self._validator.iter_errors(dict(answer))), None)
        if error is not None:
            place = "/".join(str(part) for part in error.absolute_path)
            raise AnswerInvalid(
                f"the answer breaks its schema at {place or 'the top'}", place=place, rule=str(error.validator)
            )
