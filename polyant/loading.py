"""A faster start: import less, and pause the garbage collector in the meantime.

What is made while loading stays. The collector would search it after every seven hundred new
objects, and once more when the process ends: a quarter of what a start costs. A frozen object is
also written to less, so that the workers of a server share more of their memory (Python's
documentation of `gc.freeze`).
"""

import gc
import sys
from typing import cast

# structlog imports rich, to colour a developer's terminal, and Django REST Framework imports
# requests, for its test client, wherever these are installed: an eighth of a start. What needs them
# here, a rotation's progress bar and LangSmith's SDK, is loaded later.
_NOT_WHILE_LOADING = ("requests", "rich")


def begin() -> None:
    """To be called before the first import that takes long."""
    gc.disable()
    for name in _NOT_WHILE_LOADING:
        # What is None here cannot be imported (Python's reference, "The module cache").
        cast(dict[str, object], sys.modules).setdefault(name, None)


def end() -> None:
    """To be called when all is loaded: collect garbage again, and allow every import."""
    for name in _NOT_WHILE_LOADING:
        if sys.modules.get(name, ...) is None:
            del sys.modules[name]
    gc.freeze()
    gc.enable()
