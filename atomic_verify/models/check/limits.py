"""How large a stranger's model may be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """Bounds of the check; sizes are in bytes. protobuf itself ends at 2 GiB."""

    file_bytes: int = 2**29
    tensor_bytes: int = 2**28
    """Of any one weight, constant or computed tensor of one item."""
    computed_bytes: int = 2**33
    """Of all computed tensors of one item together."""
    nodes: int = 50_000
    attributes: int = 64
    """Of one node."""
    depth: int = 8
    """Of subgraphs in subgraphs."""
