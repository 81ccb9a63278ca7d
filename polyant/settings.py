"""Settings, from the environment (see ``.env.example`` for every variable)."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from csp.constants import NONE, SELF

from polyant.environment import DEFAULT_ENV_FILE, Environment
from polyant.logs import LOG_LEVELS, logging_config
from polyant.sqlite import Connection

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
# What `.env` cannot change, because the process environment wins.
ENVIRONMENT_VARIABLES = frozenset(os.environ)
# The host's time zone, before Django puts ours into the environment of this process.
HOST_TZ: str | None = os.environ.get("TZ")
ENV_FILE = Path(env.text("ENV_FILE", str(DEFAULT_ENV_FILE)))
# False if .env did not exist yet; `start` then restarts the process.
ENV_FILE_FOUND: bool = env.read_dotenv(ENV_FILE)

# Keys. They may be empty, for a build; the checks and `wsgi` refuse to start without them, or with
# an entry in KEY_FAULTS, which says by name what is wrong with a variable.
ENCRYPTION_KEY: str = env.key("ENCRYPTION_KEY")
ENCRYPTION_KEY_FALLBACKS: list[str] = env.keys("ENCRYPTION_KEY_FALLBACKS")
SECRET_KEY: str = env.key("SECRET_KEY")
SECRET_KEY_FALLBACKS: list[str] = env.keys("SECRET_KEY_FALLBACKS")
AUTH_SECRET: str = env.key("AUTH_SECRET")
KEY_FAULTS: dict[str, str] = env.key_faults

DEBUG: bool = env.flag("DEBUG")
HTTPS: bool = env.flag("HTTPS")
BEHIND_PROXY: bool = env.flag("BEHIND_PROXY")
# The server's processes, and the threads in each. Each thread keeps a database connection.
WORKERS: int = env.number("WORKERS", 2, highest=256)
THREADS: int = env.number("THREADS", 4, highest=256)
ALLOWED_HOSTS: list[str] = env.hosts("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.texts("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "polyant.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "rest_framework",
    "polyant.encryption",
    "instances",
    "secrets_app",
    "channels_app",
    "playground",
    # After `instances`, so that the command `spectacular` of that app is the one that is called.
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

CSRF_FAILURE_VIEW = "polyant.views.csrf_failure"
MIDDLEWARE = [
    "polyant.middleware.NulMiddleware",
    "polyant.middleware.NoStoreMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "polyant.middleware.SessionMiddleware",
    "polyant.middleware.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "polyant.middleware.SignedOutMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "polyant.urls"
WSGI_APPLICATION = "polyant.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "polyant" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Connections live as long as their thread: a new one costs more than most requests.
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **env.database("DATABASE_URL", f"sqlite:///{quote(str(BASE_DIR / 'db.sqlite3'))}"),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Writers queue instead of failing: a transaction takes the write lock when it begins, and
    # waits for it up to `timeout` seconds. A commit is on disk before it is acknowledged.
    DATABASES["default"]["OPTIONS"] = {
        "factory": Connection,
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
        ),
    }
else:
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Signing in
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AXES_USERNAME_CALLABLE = "polyant.views.attempted_username"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # `manage.py axes_reset` ends a lock-out
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "polyant.views.locked_out"
TOKEN_LIFETIME = timedelta(days=env.number("TOKEN_DAYS", 30, highest=3650))

# Cookies and transport. The session cookie has the guide's name; `__Secure-` is Auth.js's prefix
# under HTTPS, and browsers then refuse it over plain HTTP.
SESSION_COOKIE_NAME = f"{'__Secure-' if HTTPS else ''}authjs.session-token"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if HTTPS and BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
# Three inputs for each key of an instance, however many it has; their size has its own limit.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# The API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "instances.authentication.TokenAuthentication",
        "polyant.authentication.AuthJsAuthentication",
        "polyant.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "polyant.negotiation.JSONOnly",
    "DEFAULT_METADATA_CLASS": "polyant.negotiation.Methods",
    "DEFAULT_PARSER_CLASSES": ["polyant.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "polyant.api.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Polyant secrets",
    "DESCRIPTION": "Per-instance credentials, encrypted at rest and never given back.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": False},
    "POSTPROCESSING_HOOKS": ["polyant.schema.add_errors"],
}

# Who uses the secrets. Only the operator sets these addresses, never a request: keys go there.
OPENAI_BASE_URL: str = env.text("OPENAI_BASE_URL", "https://api.openai.com/v1")
ANTHROPIC_BASE_URL: str = env.text("ANTHROPIC_BASE_URL", "https://api.anthropic.com/v1")
LANGSMITH_ENDPOINT: str = env.text("LANGSMITH_ENDPOINT", "https://api.smith.langchain.com")
# In seconds. `read` is the longest silence: a model that is thinking sends nothing.
PROVIDER_TIMEOUTS = {"connect": 5, "write": 30, "pool": 5, "read": 300}
# In seconds: until a stream begins; and for the whole of an answer that is not a stream.
STREAM_START_SECONDS: float = 60
ANSWER_SECONDS: float = 300
# In seconds: how often a silent stream sends a comment, which shows whether the client is still
# there.
STREAM_COMMENT_SECONDS: float = 5
# In each process. A completion occupies a thread, and one is left for everything else, unless there
# is only one.
COMPLETIONS_AT_ONCE = max(1, THREADS - 1)

# Dotted path of a function that `rotate_encryption_key --wipe-unreadable` calls with the rows
# before it deletes them.
ENCRYPTION_WIPE_RECORDER = "instances.audit.record_wipe"

# What the apps put into an exported instance, in this order.
BUNDLE_SECTIONS = [
    "secrets_app.bundles.SecretsSection",
    "channels_app.bundles.ChannelsSection",
    "secrets_app.bundles.SkillEnvSection",
]

# Static files
STATIC_URL = "static/"
STATICFILES_FINDERS = ["polyant.static.StaticFilesFinder"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Pages use hashed names only, and source maps are for developers: compressing those took a third of
# a first start.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "png"]

# Errors and logs show no local variable, no body and no credential.
DEFAULT_EXCEPTION_REPORTER = "polyant.logs.BareExceptionReporter"
LOGGING = logging_config(level=env.word("LOG_LEVEL", "INFO", allowed=LOG_LEVELS))

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
