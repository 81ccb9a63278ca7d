"""Which tests `pytest -n` keeps together: those of a file, of a started project, of the browser."""

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# A first start costs seconds, and each process makes one of its own.
OF_A_STARTED_PROJECT = {
    "tests/playground/test_served.py",
    "tests/test_guide.py",
    "tests/test_run.py",
}


class KeptTogether(LoadFileScheduling):  # type: ignore[misc]
    """By file, except that the modules of a started project are one, and those of the browser."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if file.startswith("tests/browser/"):
            return "the browser"
        return "a started project" if file in OF_A_STARTED_PROJECT else file
