"""What a worker itself has of a job, beside what the chain says. With the view, all that a stage's `due` looks at."""

from dataclasses import dataclass

from prover.outputs import Output


@dataclass(frozen=True, slots=True)
class Own:
    """`input_held`: in the store and found right. `output`: published, not necessarily committed."""

    input_held: bool = False
    output: Output | None = None
