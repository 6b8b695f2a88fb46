"""`python -m atomic_verify.cli`: the command `atomic` by the name of its module, for programs that start it."""

from atomic_verify.cli import app

app(prog_name="atomic")
