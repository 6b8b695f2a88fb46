"""Watching: re-executing what others commit, and the claims, refutations and lines that follow; also for workers.

Life cycle: the challenge window. Words: an *opinion* is what a process thinks of a job and its claims
(`protocol.dispute_view`); a *meaning* is a model's canonical program, derived here from its ONNX file; a *suspect* is
an item whose fast outputs lie too far from the committed ones to be passed without its meaning.

- Finding out: `sampling` (which jobs), `gather` (inputs and outputs against their roots), `compare` (fast outputs, many
  items at once), `meanings` and `judging` (what an item means), `reexecute` (all of that for one result), `shown` (an
  item put together from answers), `refuting` (where somebody's trace breaks).
- Showing: `traces` (evaluations as blobs), `claiming` (terms and exhibits), `answering` (leaves for demands), `sealed`
  (claims on record), `finite` (a worker's own outputs).
- Opinions in the background: `results_desk`, `claims_desk`, `chores`, on the `workbench` that they share.
- Acting: `cases` and `views` (what the index knows, as the pure decisions take it), `acts` (moves as calls), `purse`,
  `engine` (one look). `defence` is a worker's engine, `daemon` the watcher's process with its `door` and `account`.
"""
