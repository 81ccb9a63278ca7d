"""The project's settings with known keys, a fast password hasher and no `.env` of the machine."""

import os
import tempfile
from pathlib import Path

ENCRYPTION_KEY_FOR_TESTS = "1f" * 32

for _name in ("ENCRYPTION_KEY_FILE", "ENCRYPTION_KEY_FALLBACKS", "AUTH_SECRET", "HTTPS", "DEBUG"):
    os.environ.pop(_name, None)
os.environ |= {
    "ENV_FILE": os.devnull,
    "ENCRYPTION_KEY": ENCRYPTION_KEY_FOR_TESTS,
    "SECRET_KEY": "only-for-tests-" + "x" * 50,
}
os.environ.setdefault("LOG_LEVEL", "WARNING")

from polyant.settings import *  # noqa: E402, F403
from polyant.settings import DATABASES, INSTALLED_APPS, STORAGES  # noqa: E402

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True  # nothing is collected for a test
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if "sqlite3" in DATABASES["default"]["ENGINE"]:
    # A file, as in production: threads and processes share it, and its locks are real.
    DATABASES["default"]["TEST"] = {
        "NAME": str(Path(tempfile.mkdtemp(prefix="polyant-tests-")) / "test.sqlite3")
    }
INSTALLED_APPS = [*INSTALLED_APPS, "tests"]  # for its flush
