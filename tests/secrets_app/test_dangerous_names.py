"""Names that decide how programs run are handed over only if somebody says so."""

import pytest

from instances.models import Instance
from tests.secrets_app.handover import MARKER, check, put, put_env, refused

pytestmark = pytest.mark.django_db


DANGEROUS = [
    "ld_preload",
    "ld_library_path",
    "path",
    "home",
    "lc_all",
    "pythonpath",
    "pythonstartup",
    "node_options",
    "bash_env",
    "env",
    "ifs",
    "perl5opt",
    "rubyopt",
    "git_ssh_command",
    "java_tool_options",
    "https_proxy",
    "git_dir",
    "git_work_tree",
    "git_trace2_event",
    "cargo_home",
    "cargo_build_rustc_wrapper",
    "rustc",
    "rustc_workspace_wrapper",
    "cargo_registry_credential_provider",
    "node_repl_external_module",
    "hgrcpath",
    "svn_ssh",
    "cvs_rsh",
    "bun_options",
    "erl_flags",
    "erl_zflags",
    "django_settings_module",
    "psqlrc",
    "wgetrc",
    "krb5_config",
    "kubeconfig",
    "docker_host",
    "docker_config",
    "docker_cert_path",
    "cc",
    "ld",
    "make",
    "cflags",
    "cloudsdk_python",
    "ansible_config",
    "ts_node_require",
    "gtk_modules",
    "coverage_process_start",
    "chrome_path",
    "kubectl_external_diff",
    "google_application_credentials",
    "scrapy_settings_module",
]
DESTINATIONS = [
    "openai_base_url", "openai_api_base", "anthropic_base_url", "langsmith_endpoint",
    "aws_endpoint_url_s3", "azure_openai_endpoint", "hf_endpoint", "gh_host", "github_api_url",
    "pghost", "pghostaddr", "vault_addr", "mail_server", "auth0_domain", "docker_sock",
]  # fmt: skip
OPTIONS = ["java_opts", "gradle_opts", "mine_opts"]


def upper(keys: list[str], prefix: str = "") -> set[str]:
    return {f"{prefix}{key.upper()}" for key in keys}


def faults(keys: list[str], prefix: str = "") -> set[str]:
    return {
        f"{prefix}{key.upper()}, from the secret {key}, decides how programs run or where"
        f" they connect; --allow {prefix}{key.upper()} sets it."
        for key in keys
    }


def test_names_that_decide_how_programs_run_must_be_allowed(instance: Instance) -> None:
    put(instance, **dict.fromkeys(DANGEROUS, MARKER))
    assert {*refused("--allow", "OTHER").splitlines()} == faults(DANGEROUS)
    assert {*check("--allow", "OTHER", *upper(DANGEROUS))} == upper(DANGEROUS)
    assert {*check("--prefix", "APP_")} == upper(DANGEROUS, "APP_")


def test_where_a_client_sends_its_key_must_be_allowed(instance: Instance) -> None:
    put(instance, **dict.fromkeys(DESTINATIONS, MARKER))
    assert {*refused().splitlines()} == faults(DESTINATIONS)
    assert {*check("--allow", *upper(DESTINATIONS))} == upper(DESTINATIONS)


def test_a_name_that_is_allowed_allows_no_other(instance: Instance) -> None:
    put(instance, path=MARKER, ld_preload=MARKER)
    assert {*refused("--allow", "PATH").splitlines()} == faults(["ld_preload"])
    assert {*refused("--allow", "LD_PRELOAD").splitlines()} == faults(["path"])


def test_options_of_a_start_script_are_dangerous_behind_any_prefix(instance: Instance) -> None:
    put(instance, **dict.fromkeys(OPTIONS, MARKER))
    assert {*refused().splitlines()} == faults(OPTIONS)
    assert {*refused("--prefix", "APP_").splitlines()} == faults(OPTIONS, "APP_")
    assert {*check("--allow", *upper(OPTIONS))} == upper(OPTIONS)


def test_usual_names_of_credentials_are_handed_over(instance: Instance) -> None:
    keys = [
        "github_token", "git_token", "git_ssh_key", "git_password", "git_username",
        "cargo_registry_token", "cargo_registries_mine_token", "node_auth_token",
        "bun_auth_token", "deno_auth_tokens", "docker_token", "docker_username",
        "docker_password", "docker_auth_config", "npm_token",
        "aws_access_key_id", "aws_region", "google_api_key", "pgpassword", "database_url",
        "celery_broker_url", "mongodb_uri", "slack_webhook_url", "redis_url",
        "s3_bucket", "smtp_user", "smtp_port",
    ]  # fmt: skip
    put(instance, **dict.fromkeys(keys, MARKER))
    assert {*check()} == {key.upper() for key in keys}


def test_a_dangerous_name_in_lowercase_is_dangerous_too(instance: Instance) -> None:
    put_env(instance, http_proxy=MARKER)
    assert "http_proxy, from the variable http_proxy of search" in refused("--skill", "search")


def test_a_key_that_makes_no_name_needs_a_prefix(instance: Instance) -> None:
    put(instance, **{"9lives": MARKER})
    assert "9LIVES, from the secret 9lives, is no name for a variable" in refused()
    assert check("--prefix", "CAT_") == ["CAT_9LIVES"]
