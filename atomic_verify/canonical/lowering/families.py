"""All modules with rules; importing this one fills the registry. A new family of operators is added here."""

import atomic_verify.canonical.lowering.activations
import atomic_verify.canonical.lowering.arithmetic
import atomic_verify.canonical.lowering.attention
import atomic_verify.canonical.lowering.casts
import atomic_verify.canonical.lowering.constants
import atomic_verify.canonical.lowering.convolution
import atomic_verify.canonical.lowering.einsum
import atomic_verify.canonical.lowering.gathering
import atomic_verify.canonical.lowering.linear
import atomic_verify.canonical.lowering.logic
import atomic_verify.canonical.lowering.movement
import atomic_verify.canonical.lowering.normalization
import atomic_verify.canonical.lowering.padding
import atomic_verify.canonical.lowering.pooling
import atomic_verify.canonical.lowering.quantisation
import atomic_verify.canonical.lowering.quantised_products
import atomic_verify.canonical.lowering.recurrent
import atomic_verify.canonical.lowering.reductions
import atomic_verify.canonical.lowering.resizing
import atomic_verify.canonical.lowering.scans
import atomic_verify.canonical.lowering.scattering
import atomic_verify.canonical.lowering.selection
import atomic_verify.canonical.lowering.softmax
import atomic_verify.canonical.lowering.trigonometry  # noqa: F401  imported for their rules
