"""GET /health and /health/ready"""

import json
import os
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from rest_framework.test import APIClient

from instances.models import Instance
from polyant import health
from secrets_app.models import InstanceSecret

# A process of its own whose database cannot be reached; prints each path's status and body.
WITHOUT_DATABASE = """
import json, os, sys
os.environ["DATABASE_URL"] = sys.argv[1]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import polyant.wsgi
from django.test import Client
answers = {}
for path in ("/health", "/health/ready", "/api/instances", "/api/no-such"):
    bearer = Client(headers={"Authorization": "Bearer ply_x"}, raise_request_exception=False)
    cookie = Client(headers={"Cookie": "authjs.session-token=" + "0" * 32})
    cookie.raise_request_exception = False
    for client in (bearer, cookie):
        response = client.get(path)
        answers.setdefault(path, []).append([response.status_code, response.json()])
signed_in = Client(raise_request_exception=False).post(
    "/api/auth/token", {"username": "u", "password": "p"}, content_type="application/json")
answers["/api/auth/token"] = [[signed_in.status_code, signed_in.json()]]
print(json.dumps(answers))
"""


def test_health_answers_without_the_database(
    client: Any, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/health").json()
    assert datetime.fromisoformat(answer.pop("timestamp")).utcoffset() is not None
    assert answer == {"status": "ok", "service": "polyant"}


def test_a_process_with_everything_is_ready(client: Any, db: None) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok", "database": "ok", "migrations": "ok", "encryptionKey": "ok",
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_health_needs_no_credentials_and_minds_no_wrong_ones(
    db: None, anonymous: APIClient, path: str
) -> None:
    assert anonymous.get(path, HTTP_AUTHORIZATION="Bearer wrong").status_code == 200
    assert anonymous.head(path).status_code == 200


@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize("host", ["10.9.9.9:4000", "no.such.example", "a b", ""])
def test_health_answers_under_every_host_name_and_redirects_nobody(
    db: None, settings: Any, host: str, https: bool
) -> None:
    settings.SECURE_SSL_REDIRECT = https
    client = APIClient(HTTP_HOST=host)
    for path in ("/health", "/health/ready"):
        assert client.get(path).status_code == 200
    assert client.get("/health/no").status_code == 400


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_health_can_only_be_read(db: None, path: str, method: str) -> None:
    client = APIClient(enforce_csrf_checks=True)
    response = getattr(client, method)(path)
    assert response.status_code == 405
    assert response["Content-Type"] == "application/json"


def test_a_wrong_key_is_named_by_the_id_that_is_needed(
    client: Any, instance: Instance, raw_rows: Any, settings: Any
) -> None:
    InstanceSecret.objects.create(instance=instance, key="k", value="v")
    (row,) = raw_rows("instance_secrets")
    settings.ENCRYPTION_KEY = "2e" * 32
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert row["value"].split(".")[1] in response.json()["encryptionKey"]
    assert "2e2e" not in response.content.decode()


def test_a_lost_row_among_readable_ones_is_named_and_turns_nobody_away(
    client: Any, instance: Instance, settings: Any
) -> None:
    InstanceSecret.objects.create(instance=instance, key="k", value="v")
    settings.ENCRYPTION_KEY = "2e" * 32
    InstanceSecret.objects.create(instance=instance, key="l", value="w")
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert "1 row" in response.json()["encryptionKey"]


def test_the_figures_are_not_counted_again_at_every_call(
    client: Any, instance: Instance, django_assert_max_num_queries: Any
) -> None:
    client.get("/health/ready")
    with django_assert_max_num_queries(2):
        assert client.get("/health/ready").json()["encryptionKey"] == "ok"


def test_the_figures_are_counted_anew_however_often_they_are_asked_for(
    client: Any, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, passed = time.time(), [0.0, 0.6, 1.2]
    monkeypatch.setattr(time, "time", lambda: began + passed[0] * health.FIGURES_SECONDS)
    assert client.get("/health/ready").status_code == 200
    with override_settings(ENCRYPTION_KEY="2e" * 32):
        InstanceSecret.objects.create(instance=instance, key="k", value="v")
    passed.pop(0)
    assert client.get("/health/ready").status_code == 200
    passed.pop(0)
    assert client.get("/health/ready").status_code == 503


def test_a_fallback_key_is_a_key(client: Any, instance: Instance, settings: Any) -> None:
    InstanceSecret.objects.create(instance=instance, key="k", value="v")
    settings.ENCRYPTION_KEY_FALLBACKS = [settings.ENCRYPTION_KEY]
    settings.ENCRYPTION_KEY = "2e" * 32
    assert client.get("/health/ready").json()["encryptionKey"] == "ok"


def test_migrations_that_wait_are_named(client: Any, db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'secrets_app'")
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert "migrate" in response.json()["migrations"]


@pytest.mark.parametrize(
    "url", ["sqlite:////no/such/folder/db.sqlite3", "postgres://nobody@127.0.0.1:9/none"]
)
def test_without_the_database_the_process_lives_and_is_unavailable(url: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_DATABASE, url],
        env={**os.environ, "LOG_LEVEL": "CRITICAL"},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(run.stdout)
    assert {path: {status for status, _ in each} for path, each in answers.items()} == {
        "/health": {200}, "/health/ready": {503}, "/api/instances": {503},
        "/api/no-such": {404}, "/api/auth/token": {503},
    }  # fmt: skip
    assert answers["/health/ready"][0][1]["database"] == "does not answer"
    assert "no/such" not in run.stdout
    assert "127.0.0.1" not in run.stdout
