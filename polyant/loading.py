"""Loading a project: only what is needed, and nobody looks for garbage meanwhile.

All that is made stays. The collector would look through it at every seven hundredth new object, and
once more when the process ends: a quarter of what a start costs. A frozen object is also written to
less, so that the workers of a server share more of their memory (Python's documentation of
`gc.freeze`).
"""

import gc
import sys
from typing import cast

# structlog would colour a developer's terminal with rich, and Django REST Framework has a client
# for tests upon requests; they take them along wherever they are installed. An eighth of a start.
# Those of ours that need them, a rotation's bar and LangSmith's SDK, are loaded later.
_NOT_WHILE_LOADING = ("requests", "rich")


def begin() -> None:
    """Before the first import that takes long."""
    gc.disable()
    for name in _NOT_WHILE_LOADING:
        # What is None here cannot be imported (Python's reference, "The module cache").
        cast(dict[str, object], sys.modules).setdefault(name, None)


def end() -> None:
    """All is loaded; from here on garbage is collected and everything can be imported as ever."""
    for name in _NOT_WHILE_LOADING:
        if sys.modules.get(name, ...) is None:
            del sys.modules[name]
    gc.freeze()
    gc.enable()
