"""What only the command line can refuse."""

from atomic_verify.errors import AtomicError


class SystemRefused(AtomicError):
    """The operating system refused a file, a folder or a port."""

    code = "system-refused"


class DemoFailed(AtomicError):
    """The demo did not do what it promises."""

    code = "demo-failed"
