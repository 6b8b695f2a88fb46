"""What a model is like before anybody stakes money on it: checked, hardened, calibrated, explained.

Life cycle: before publishing. `inputs` makes items that a model accepts, `drift` runs onnxruntime beside the canonical
program, `check` says whether a stranger's file can be used at all. `calibrate` measures tolerances and soundness
margin: `search` finds inputs that drift, `runs` are the ways to execute, `sensitivity` (with `derivatives`) is what a
liar could gain and what float32 does by itself, `findings` the numbers; `tolerances` decides. `prepare` does all of it
and writes the manifest, `trial` tells whether a manifest's tolerances can be lived with. `explain` shows a program.
"""
