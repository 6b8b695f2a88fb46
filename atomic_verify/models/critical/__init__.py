"""Critical steps off-chain: the part of a model that a circuit proves, and how far the circuit may be off.

`cutting` takes the part out of the model, `network` reads it as layers, `intervals` and `normed` (with `views`) bound
what the model can feed into it, `part` puts that together, `bounds` says how far a circuit's scores may lie from the
canonical ones, and `check` refuses a manifest that says less. `installed` finds a circuit's files. None needs EZKL.
"""
