"""Whom the tabs of secrets and skill env are for."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def client(browse: Callable[[User], Client], editor: User) -> Client:
    return browse(editor)
