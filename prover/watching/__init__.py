"""Watching: re-executing what others commit, and the claims, refutations and lines that follow; also for workers.

Life cycle: the challenge window. Words: an *opinion* is what a process thinks of a job and its claims
(`protocol.dispute_view`); a *meaning* is a model's canonical program, derived here from its ONNX
file; a *suspect* is an item whose fast outputs lie too far from the committed ones to be passed without its meaning.

- `sampling`: which jobs are watched. `gather`: inputs and outputs, fetched and held against their roots.
- `compare`: fast outputs against committed ones, many items at once. `meanings`, `judging`: what an item means.
- `reexecute`: all of that for one result. `traces`: canonical evaluations as blobs. `claiming`: what a claim shows.
- `refuting`: where a claim's trace breaks. `answering`: answers to the demands of lines.
"""
