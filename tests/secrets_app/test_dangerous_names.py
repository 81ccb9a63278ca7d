"""Names that decide how programs run are handed over only if somebody says so."""

import pytest

from instances.models import Instance
from tests.secrets_app.handover import MARKER, check, put, put_env, refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "key",
    ["ld_preload", "ld_library_path", "path", "home", "lc_all", "pythonpath", "pythonstartup",
     "node_options", "bash_env", "env", "ifs", "perl5opt", "rubyopt", "git_ssh_command",
     "java_tool_options", "https_proxy", "git_dir", "git_work_tree", "git_trace2_event",
     "cargo_home", "cargo_build_rustc_wrapper", "rustc", "rustc_workspace_wrapper",
     "cargo_registry_credential_provider", "node_repl_external_module",
     "hgrcpath", "svn_ssh", "cvs_rsh", "bun_options", "erl_flags", "erl_zflags",
     "django_settings_module", "psqlrc", "wgetrc", "krb5_config", "kubeconfig", "docker_host",
     "docker_config", "docker_cert_path"],
)  # fmt: skip
def test_a_name_that_decides_how_programs_run_must_be_allowed(instance: Instance, key: str) -> None:
    put(instance, **{key: MARKER})
    assert f"{key.upper()}, from the secret {key}, decides how programs run" in refused()
    assert check("--allow", "OTHER", key.upper()) == [key.upper()]
    assert check("--prefix", "APP_") == [f"APP_{key.upper()}"]


@pytest.mark.parametrize("key", ["java_opts", "gradle_opts", "mine_opts"])
def test_options_of_a_start_script_are_dangerous_behind_any_prefix(
    instance: Instance, key: str
) -> None:
    put(instance, **{key: MARKER})
    assert "decides how programs run" in refused()
    assert "decides how programs run" in refused("--prefix", "APP_")
    assert check("--allow", key.upper()) == [key.upper()]


def test_usual_names_of_credentials_are_handed_over(instance: Instance) -> None:
    keys = [
        "github_token", "git_token", "git_ssh_key", "git_password", "git_username",
        "cargo_registry_token", "cargo_registries_mine_token", "node_auth_token",
        "bun_auth_token", "deno_auth_tokens", "docker_token", "docker_username",
        "docker_password", "docker_auth_config", "npm_token",
        "aws_access_key_id", "aws_region", "google_api_key", "pgpassword", "database_url",
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
