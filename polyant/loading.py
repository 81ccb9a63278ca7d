"""Loading a project is making objects that stay; nobody need look for garbage among them.

The collector would: at every seven hundredth new object, and once more when the process ends. That
is a quarter of what a start costs. A frozen object is also written to less, so that the workers of
a server share more of their memory (Python's documentation of `gc.freeze`).
"""

import gc


def begin() -> None:
    """Before the first import that takes long."""
    gc.disable()


def end() -> None:
    """All is loaded, and from here on garbage is collected as ever."""
    gc.freeze()
    gc.enable()
