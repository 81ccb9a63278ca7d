"""What a program finds in its environment beside our values, and which names these may not take."""

import os
from fnmatch import fnmatchcase

from django.conf import settings

# Of our own environment this much is passed on: no key, no database, no path of a file with one.
KEPT = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "TMPDIR",
)  # fmt: skip

# A value under one of these decides what code runs, or whom a program trusts; so whoever may set a
# secret could run what they like on this host.
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
    "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED",
    "NPM_CONFIG_*", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH",
    "CORECLR_*", "COR_*", "DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "R_ENVIRON*", "R_HOME",
    "R_LIBS*", "R_PROFILE*",
    # git, and programs that others start
    "GIT_ASKPASS", "GIT_CONFIG*", "GIT_EDITOR", "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PAGER",
    "GIT_PROXY_COMMAND", "GIT_SEQUENCE_EDITOR", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_*",
    "GIT_TEMPLATE_DIR", "BROWSER", "EDITOR", "EXINIT", "GNUMAKEFLAGS", "LESSCLOSE", "LESSOPEN",
    "MAKEFILES", "MAKEFLAGS", "MANPAGER", "PAGER", "RSYNC_RSH", "SSH_ASKPASS", "SUDO_ASKPASS",
    "TAR_OPTIONS", "VIMINIT", "VISUAL",
    # build tools and servers
    "GOFLAGS", "GUNICORN_CMD_ARGS", "MAVEN_OPTS", "PIP_*", "RUSTC_WRAPPER", "RUSTFLAGS", "UV_*",
    "YARN_*",
    # where a connection goes and which certificates it believes; where settings are looked for
    "ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "CURL_CA_BUNDLE", "CURL_HOME", "OPENSSL_CONF", "OPENSSL_ENGINES", "OPENSSL_MODULES",
    "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE", "SSL_CERT_*", "TERMINFO*", "XDG_*",
)  # fmt: skip


def is_dangerous(name: str) -> bool:
    """True for a name that decides how programs run."""
    # In either case: programs obey http_proxy as well.
    return any(fnmatchcase(name.upper(), pattern) for pattern in KEPT + DANGEROUS)


def base_environment() -> dict[bytes, bytes]:
    """What a program may have of the environment of this process."""
    own = {**os.environb, b"TZ": os.fsencode(settings.HOST_TZ or "")}
    kept = [pattern.encode() for pattern in KEPT]
    return {
        name: value
        for name, value in own.items()
        if value and any(fnmatchcase(name, pattern) for pattern in kept)
    }
