"""All modules with rules; importing this one fills the registry. A new family of operators is added here."""

import atomic_verify.canonical.lowering.activations
import atomic_verify.canonical.lowering.arithmetic
import atomic_verify.canonical.lowering.casts
import atomic_verify.canonical.lowering.logic
import atomic_verify.canonical.lowering.movement  # noqa: F401  imported for their rules
