"""Atomic: buy the output of a published model from a worker that you don't trust.

The library behind the command `atomic`. Importing it does nothing and is cheap: each package is imported by whoever
needs it.
"""

__version__ = "0.1.0"
