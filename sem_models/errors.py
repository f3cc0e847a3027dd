"""The one exception that means: the user's input was at fault."""


class UserError(Exception):
    """What is wrong, where, and what to do, in one line.

    The command line prints it without a traceback and exits with status 2; pages show it in a red box.
    """


class Cancelled(Exception):
    """Raised inside a progress callback to stop long work; results up to then are kept by the caller."""
