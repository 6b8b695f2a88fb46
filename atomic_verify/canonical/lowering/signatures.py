"""The types that an operator's schema allows, and the type that it gives an output."""

from typing import Any

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.commitments import DType

_NAMES = {
    DType.FLOAT: "float",
    DType.FLOAT16: "float16",
    DType.BFLOAT16: "bfloat16",
    DType.DOUBLE: "double",
    DType.BOOL: "bool",
}


def check_types(node: NodeContext) -> None:
    """Raises Unsupported for an input of a type that the operator doesn't take at this opset, or unlike its fellows."""
    chosen: dict[str, DType] = {}
    for index, value in enumerate(node.inputs):
        if value is None:
            continue
        formal = _formal(node, index)
        written = f"tensor({_NAMES.get(value.dtype, value.dtype.name.lower())})"
        fellow = chosen.setdefault(formal.type_str, value.dtype)
        if written not in _allowed(node, formal.type_str) or (fellow is not value.dtype and formal.is_homogeneous):
            raise node.unsupported(f"{written} doesn't fit here at opset {node.opset}", f"input {formal.name}")


def _formal(node: NodeContext, index: int) -> Any:
    declared = node.schema.inputs
    if index >= len(declared) and (not declared or declared[-1].option.name != "Variadic"):
        raise node.unsupported(f"{len(node.inputs)} inputs; ONNX declares {len(declared)}", "inputs")
    return declared[min(index, len(declared) - 1)]


def _allowed(node: NodeContext, written: str) -> list[str]:
    found = [c.allowed_type_strs for c in node.schema.type_constraints if c.type_param_str == written]
    return list(found[0]) if found else [written]


def output_type(node: NodeContext, place: int) -> DType:
    """The type of an output as the schema has it: that of the input of the same type variable, or the only one."""
    declared = node.schema.outputs[min(place, len(node.schema.outputs) - 1)].type_str
    for index, value in enumerate(node.inputs):
        formal = node.schema.inputs[min(index, len(node.schema.inputs) - 1)]
        if value is not None and formal.type_str == declared:
            return value.dtype
    allowed = [c.allowed_type_strs for c in node.schema.type_constraints if c.type_param_str == declared]
    names = {"tensor(bool)": DType.BOOL, "tensor(int64)": DType.INT64}
    only = list(allowed[0]) if allowed else [declared]
    if len(only) == 1 and only[0] in names:
        return names[only[0]]
    raise RuntimeError(f"the rule of {node.operator} must say what type output {place} has")
