"""What a model is like before anybody stakes money on it: checked, hardened, calibrated, explained.

Life cycle: before publishing. `inputs` makes items that a model accepts, `drift` runs onnxruntime beside the canonical
program, `check` says whether a stranger's file can be used at all. `calibrate` measures tolerances and soundness margin: `search` finds inputs that drift, `runs` are the ways to execute, and
`sensitivity` (with `derivatives`) is what a liar could gain; `tolerances` decides. `explain` shows a program.
"""
