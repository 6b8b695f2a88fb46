"""All modules with rules; importing this one fills the registry. A new family of operators is added here."""

import atomic_verify.canonical.lowering.activations
import atomic_verify.canonical.lowering.arithmetic
import atomic_verify.canonical.lowering.casts
import atomic_verify.canonical.lowering.convolution
import atomic_verify.canonical.lowering.einsum
import atomic_verify.canonical.lowering.linear
import atomic_verify.canonical.lowering.logic
import atomic_verify.canonical.lowering.movement
import atomic_verify.canonical.lowering.pooling  # noqa: F401  imported for their rules
