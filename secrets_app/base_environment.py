"""What a program finds in its environment beside our values, and which names these may not take."""

import os
from fnmatch import fnmatchcase

from django.conf import settings

# What is passed on of our own environment: no key, no database, no path of a file with one.
KEPT = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "TMPDIR",
)  # fmt: skip

# A value under one of these decides what code runs, whom a program trusts, or where it sends the
# other values; so whoever may set a secret could run what they like on this host, or read the rest.
# Some families also have names of credentials, such as GIT_TOKEN, CARGO_REGISTRY_TOKEN,
# NODE_AUTH_TOKEN and DOCKER_PASSWORD: their others are listed. No list is complete: SECURITY.md
# says what follows.
DANGEROUS = (
    # the dynamic linker and the C library
    "LD_*", "DYLD_*", "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LOCALDOMAIN",
    "LOCPATH", "MALLOC_*", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS",
    # shells
    "BASH*", "CDPATH", "ENV", "FPATH", "GLOBIGNORE", "IFS", "PROMPT_COMMAND", "PS4", "SHELLOPTS",
    "ZDOTDIR",
    # interpreters
    "PYTHON*", "PERL*", "RUBYLIB", "RUBYOPT", "RUBYPATH", "RUBYSHELL", "GEM_HOME", "GEM_PATH",
    "BUNDLE_GEMFILE", "BUNDLE_PATH", "LUA_*", "PHPRC", "PHP_INI_SCAN_DIR", "TCLLIBPATH",
    "NODE_COMPILE_CACHE", "NODE_EXTRA_CA_CERTS", "NODE_ICU_DATA", "NODE_OPTIONS", "NODE_PATH",
    "NODE_REDIRECT_WARNINGS", "NODE_REPL_*", "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_USE_ENV_PROXY",
    "NODE_V8_COVERAGE", "NPM_CONFIG_*", "BUN_CONFIG_REGISTRY", "BUN_INSPECT*", "BUN_INSTALL*",
    "BUN_OPTIONS", "BUN_RUNTIME_*", "DENO_CERT", "DENO_DIR", "DENO_TLS_CA_STORE", "JAVA_HOME",
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "*_OPTS", "CLASSPATH", "ERL_*",
    "ERLC_*", "ELIXIR_ERL_OPTIONS", "DJANGO_SETTINGS_MODULE",
    "CORECLR_*", "COR_*", "DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "R_ENVIRON*", "R_HOME",
    "R_LIBS*", "R_PROFILE*",
    # git and its like, and programs that others start
    "GIT_ALLOW_PROTOCOL", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_ASKPASS", "GIT_ATTR_*",
    "GIT_CEILING_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG*", "GIT_DIR", "GIT_DISCOVERY_*",
    "GIT_EDITOR", "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_INDEX_FILE",
    "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PAGER", "GIT_PROTOCOL*", "GIT_PROXY_COMMAND",
    "GIT_SEQUENCE_EDITOR", "GIT_SHALLOW_FILE", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT",
    "GIT_SSL_*", "GIT_TEMPLATE_DIR", "GIT_TRACE*", "GIT_WORK_TREE", "CVS_RSH", "HGRCPATH",
    "SVN_SSH", "BROWSER", "EDITOR", "EXINIT", "GNUMAKEFLAGS", "LESSCLOSE", "LESSOPEN",
    "MAKEFILES", "MAKEFLAGS", "MANPAGER", "PAGER", "RSYNC_RSH", "SSH_ASKPASS", "SUDO_ASKPASS",
    "TAR_OPTIONS", "VIMINIT", "VISUAL",
    # build tools and servers
    "CARGO", "CARGO_ALIAS_*", "CARGO_BUILD_*", "CARGO_ENCODED_*", "CARGO_HOME", "CARGO_HTTP_*",
    "CARGO_INSTALL_ROOT", "CARGO_NET_*", "CARGO_REGISTR*_CREDENTIAL_PROVIDER*",
    "CARGO_REGISTR*_DEFAULT", "CARGO_REGISTR*_INDEX", "CARGO_SOURCE_*", "CARGO_TARGET_*", "GOENV",
    "GOFLAGS", "GOINSECURE", "GOPATH", "GOPROXY", "GOROOT", "GOTOOLCHAIN", "GUNICORN_CMD_ARGS",
    "PIP_*", "RUSTC*", "RUSTDOC*", "RUSTFLAGS", "RUSTUP_*", "UV_*", "YARN_*",
    # where a connection goes and which certificates it believes; where settings are looked for
    "ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "CURL_CA_BUNDLE",
    "CURL_HOME", "DOCKER_CERT_PATH", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST",
    "DOCKER_TLS*", "KRB5*", "KUBECONFIG", "NETRC", "PGPASSFILE", "PGSERVICEFILE", "PGSYSCONFDIR",
    "PSQL_EDITOR", "PSQL_PAGER", "PSQLRC", "WGETRC",
    "OPENSSL_CONF", "OPENSSL_ENGINES", "OPENSSL_MODULES",
    "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE", "SSL_CERT_*", "TERMCAP", "TERMINFO*", "XDG_*",
    # compilers, tools and editors by name, and families whose every name is a setting
    "AR", "AS", "CC", "CPP", "CXX", "FC", "LD", "LEX", "MAKE", "NM", "YACC",
    "CFLAGS", "CPPFLAGS", "CXXFLAGS", "FFLAGS", "LDFLAGS",
    "ANSIBLE_*", "CLOUDSDK_*", "CMAKE_*", "COMPILER_PATH", "CONDA_*", "COVERAGE_*", "ELECTRON_*",
    "EMACSLOADPATH", "FLASK_APP", "GCC_*", "GIO_*", "GNUPGHOME", "GPG_AGENT_INFO", "GREP_OPTIONS",
    "GTK_*", "HELM_*", "IPYTHON*", "JUPYTER_*", "LESS", "LESSKEY", "MAILCAPS", "MYVIMRC",
    "NOTMUCH_CONFIG", "NVIM_*", "ODBC*", "PKG_CONFIG*", "POSIXLY_CORRECT", "QT_*", "RACK_ENV",
    "RAILS_ENV", "SSH_AUTH_SOCK", "TNS_ADMIN", "TS_NODE_*", "UVICORN_*", "VIM", "VIMRUNTIME",
    "GOOGLE_APPLICATION_CREDENTIALS", "AWS_PROFILE", "PGHOST*", "PGOPTIONS", "PGPORT", "PGSERVICE",
    "PGSSL*", "TURSO_DATABASE_URL",
)  # fmt: skip

# By their ends: where programs look for other programs and for settings, and where the clients of a
# service connect. One with OPENAI_API_KEY sends it to OPENAI_BASE_URL. Behind a prefix that the
# operator chose, they are names of the program's own.
DANGEROUS_ENDS = (
    "*_ARGS", "*_COMMAND", "*_COMPILER", "*_CONFIG_DIR", "*_CONFIG_FILE", "*_CONFIG_MODULE",
    "*_CONFIG_PATH", "*_DIFF", "*_EDITOR", "*_EXECUTABLE*", "*_HOME", "*_LIBRARY", "*_OPTIONS",
    "*_PAGER", "*_PATH", "*_PLUGIN*", "*_PYTHON", "*_RCFILE", "*_REQUIRE", "*_SETTINGS_MODULE",
    "*_WRAPPER",
    "*_ADDR", "*_ADDRESS", "*_API_BASE", "*_AUTHORITY", "*_DOMAIN", "*_ENDPOINT", "*_ENDPOINT_*",
    "*_HOST", "*_HOSTNAME", "*_HOSTS", "*_PROXY", "*_SERVER", "*_SERVERS", "*_SOCK", "*_SOCKET",
    "*_URI", "*_URL",
)  # fmt: skip

# Addresses that are credentials themselves: they contain the password.
CREDENTIALS = (
    "*DATABASE_UR[IL]", "DB_URL", "*_DB_URL", "*REDIS_URL", "*MONGO*_UR[IL]", "*AMQP_URL",
    "*BROKER_URL", "*RABBITMQ_URL", "*POSTGRES*_UR[IL]", "*MYSQL_UR[IL]", "*WEBHOOK_URL",
    "CLOUDINARY_URL",
)  # fmt: skip


def is_dangerous(name: str, *, is_prefixed: bool = False) -> bool:
    """True for a name that decides how programs run or where they connect."""
    name = name.upper()  # programs obey http_proxy as well
    if _is_one_of(KEPT + DANGEROUS, name):
        return True
    return _is_one_of(DANGEROUS_ENDS, name) and not (is_prefixed or _is_one_of(CREDENTIALS, name))


def _is_one_of(patterns: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def base_environment() -> dict[bytes, bytes]:
    """The variables of this process that a program may have."""
    own = {**os.environb, b"TZ": os.fsencode(settings.HOST_TZ or "")}
    kept = [pattern.encode() for pattern in KEPT]
    return {
        name: value
        for name, value in own.items()
        if value and any(fnmatchcase(name, pattern) for pattern in kept)
    }
