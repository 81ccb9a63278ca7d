"""The shell lines of the guide and of the README, against a server that its own command started."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, build_opener

import pytest

from tests.live import ROOT, Checkout, Running, shown_password

MISSING = [tool for tool in ("bash", "curl", "jq") if not shutil.which(tool)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {', '.join(MISSING)}")

STEP_1_LIST = r"""
curl -s http://localhost:4000/api/instances/my-assistant/secrets \
-H "Cookie: authjs.session-token=$TOKEN" | jq
"""
STEP_2_SET = r"""
curl -s -X PUT http://localhost:4000/api/instances/my-assistant/secrets \
-H "Content-Type: application/json" \
-H "Cookie: authjs.session-token=$TOKEN" \
-d '{
"secrets": [
{ "key": "openai_api_key", "value": "sk-..." },
{ "key": "langsmith_api_key", "value": "ls_..." }
]
}'
"""
STEP_3_DELETE = r"""
curl -s -X DELETE http://localhost:4000/api/instances/my-assistant/secrets/openai_api_key \
-H "Cookie: authjs.session-token=$TOKEN"
"""
VERIFICATION = r"""
curl -s http://localhost:4000/api/instances/my-assistant/secrets | jq '.secrets[] | select(.configured)'
"""  # noqa: E501  (as the guide has it)
WELL_KNOWN = """
openai_api_key anthropic_api_key aws_access_key_id aws_secret_access_key aws_region
langsmith_api_key auth_api_key tavily_api_key github_token s3_bucket_name http_api_key
deepgram_api_key
""".split()  # noqa: SIM905

Shell = Callable[[str], str]


@pytest.fixture(scope="module")
def server(project: Checkout) -> Iterator[Running]:
    # Nobody's provider is asked; this port has nobody behind it.
    with project.running(OPENAI_BASE_URL="http://127.0.0.1:1") as running:
        yield running


@pytest.fixture(scope="module")
def shell(project: Checkout, server: Running, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Runs a line of the guide with the cookie of a signed-in browser in ``TOKEN``."""
    token = _sign_in(server.url, shown_password(project.first_output))
    home = tmp_path_factory.mktemp("home")
    # The guide's last line says nothing of the credentials that its prerequisites name.
    (home / ".curlrc").write_text(f'header = "Cookie: authjs.session-token={token}"\n')
    environment = project.environment(TOKEN=token, HOME=str(project.folder))
    signed_in = {**environment, "HOME": str(home)}

    def run(line: str) -> str:
        line = line.replace("http://localhost:4000", server.url)
        return _bash(line, environment if "$TOKEN" in line else signed_in)

    return run


def _bash(line: str, environment: dict[str, str]) -> str:
    command = ("bash", "-euo", "pipefail", "-c", line)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _sign_in(url: str, password: str) -> str:
    """What a browser does on the sign-in page; the session cookie that it then has."""
    cookies = CookieJar()
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor(cookies))
    _read(browser, f"{url}/admin/login/")
    csrf = next(cookie.value for cookie in cookies if cookie.name == "csrftoken")
    form = {"username": "admin", "password": password, "csrfmiddlewaretoken": csrf}
    page = _read(browser, f"{url}/admin/login/?next=/admin/", urlencode(form).encode())
    assert "Log out" in page
    return next(str(each.value) for each in cookies if each.name == "authjs.session-token")


def _read(browser: OpenerDirector, url: str, data: bytes | None = None) -> str:
    with browser.open(url, data, timeout=60) as response:
        return str(response.read().decode())


def _configured(listing: str) -> set[str]:
    return {each["key"] for each in json.loads(listing)["secrets"] if each["configured"]}


def test_lists_sets_verifies_and_deletes(shell: Shell) -> None:
    before = json.loads(shell(STEP_1_LIST))["secrets"]
    assert [each["key"] for each in before][:12] == WELL_KNOWN
    assert all(each.keys() == {"key", "configured"} for each in before)

    guide = {"openai_api_key", "langsmith_api_key"}
    answer = shell(STEP_2_SET)
    assert guide <= _configured(answer)
    assert "sk-..." not in answer

    verified = shell(VERIFICATION)
    assert '"key": "openai_api_key",\n  "configured": true' in verified
    assert '"key": "langsmith_api_key",\n  "configured": true' in verified

    assert json.loads(shell(STEP_3_DELETE)) == {"deleted": True}
    assert _configured(shell(STEP_1_LIST)) & guide == {"langsmith_api_key"}


def test_needs_the_credentials_of_its_prerequisites(server: Running) -> None:
    status = ("curl", "-qs", "-o", "/dev/null", "-w", "%{http_code}")
    url = f"{server.url}/api/instances/my-assistant/secrets"
    answer = subprocess.run((*status, url), capture_output=True, check=True, text=True)
    assert answer.stdout == "401"


def test_the_lines_of_the_readme_work_from_the_top(project: Checkout, server: Running) -> None:
    lines = _lines_of_the_readme().replace("http://localhost:4000", server.url)
    lines = lines.replace(".venv/bin/python", sys.executable)
    told = 'exec 2>&1; curl() { command curl -w "%{stderr}-> %{http_code}\\n" "$@"; }'
    said = _bash(f"cd {project.folder}\n{told}\n{lines}", project.environment())
    assert set(re.findall("-> ([0-9]+)", said)) == {"200", "502"}
    assert said.count("-> 502") == 1, "the provider alone is not there"
    assert "In eu, with a key of 6 letters" in said
    assert "Would import my-assistant." in said


def _lines_of_the_readme() -> str:
    """What stands in its blocks for the shell, from its first token to its last."""
    using = (ROOT / "README.md").read_text().split("## Using it")[1].split("### From code")[0]
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", using, re.MULTILINE | re.DOTALL))


def test_printed_lines_work(project: Checkout, server: Running) -> None:
    """The lines that a start prints for another terminal, as they stand."""
    export, curl = (
        next(line for line in server.output.splitlines() if line.strip().startswith(first))
        for first in ("export TOKEN=", "curl")
    )
    lines = f"cd {project.folder}\n{export}\n{curl}"
    assert "secrets" in json.loads(_bash(lines, project.environment()))
