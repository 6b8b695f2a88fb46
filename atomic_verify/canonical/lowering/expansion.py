"""Operators without a rule of their own, as the function bodies that ONNX's specification gives them.

Such a body is part of the operator's definition (ONNX tests each against the operator), so lowering its nodes instead
is lowering the operator. Rules of our own come first, since bodies are general and long. Functions that the model
itself defines are expanded in the same way.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from onnx import AttributeProto, FunctionProto, NodeProto, TypeProto

from atomic_verify.canonical.lowering.values import Value


def body_of(
    schema: Any,
    node: NodeProto,
    attributes: Mapping[str, AttributeProto],
    opset: int,
    inputs: Sequence[Value | None],
) -> FunctionProto | None:
    """The function body of a node with these (resolved) attributes at an opset, or None if its operator has none."""
    if schema.has_function:
        fitting = [version for version in schema.function_opset_versions if version <= opset]
        if fitting:
            return _parsed(schema.get_function_with_opset_version(max(fitting)))
    if schema.has_context_dependent_function:
        fitting = [version for version in schema.context_dependent_function_opset_versions if version <= opset]
        if fitting:
            types = [_type(value).SerializeToString() for value in inputs]
            called = NodeProto()
            called.CopyFrom(node)
            del called.attribute[:]
            called.attribute.extend(attributes.values())
            made = schema.get_context_dependent_function_with_opset_version(
                max(fitting), called.SerializeToString(), types
            )
            return _parsed(made)
    return None


def attributes_of(
    function: FunctionProto, given: Mapping[str, AttributeProto], schema: Any
) -> dict[str, AttributeProto]:
    """What references to attributes in the body stand for: the caller's, else the function's or schema's default."""
    found: dict[str, AttributeProto] = {}
    if schema is not None:
        for name, declared in schema.attributes.items():
            if declared.default_value.type != AttributeProto.UNDEFINED:
                found[name] = declared.default_value
    found.update({attribute.name: attribute for attribute in function.attribute_proto})
    found.update(given)
    return found


def resolved(node: NodeProto, outer: Mapping[str, AttributeProto]) -> dict[str, AttributeProto]:
    """The node's attributes by name, references to the function's replaced (left out where the caller gave none)."""
    found: dict[str, AttributeProto] = {}
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            found[attribute.name] = attribute
        elif attribute.ref_attr_name in outer:
            renamed = AttributeProto()
            renamed.CopyFrom(outer[attribute.ref_attr_name])
            renamed.name = attribute.name
            found[attribute.name] = renamed
    return found


def _parsed(serialized: bytes | FunctionProto) -> FunctionProto | None:
    if not isinstance(serialized, bytes):
        return serialized
    return FunctionProto.FromString(serialized) if serialized else None


def _type(value: Value | None) -> TypeProto:
    made = TypeProto()
    if value is not None:
        made.tensor_type.elem_type = int(value.dtype)
        for size in value.shape:
            made.tensor_type.shape.dim.add().dim_value = size
    return made
