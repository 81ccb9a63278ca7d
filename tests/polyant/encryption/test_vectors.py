"""Another implementation of the format, Node's ``crypto``, agrees with ours to the byte."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from instances.models import Instance
from polyant.encryption.ciphertext import Ciphertext, associated_data
from polyant.encryption.exceptions import TamperedCiphertext
from polyant.encryption.keyring import Keyring
from secrets_app.models import InstanceSkillEnv

HERE = Path(__file__).parent
VECTORS: list[dict[str, Any]] = json.loads((HERE / "vectors.json").read_text("utf-8"))
NODE = shutil.which("node")

every_vector = pytest.mark.parametrize("vector", VECTORS, ids=[each["name"] for each in VECTORS])


@every_vector
def test_a_vector_opens(vector: dict[str, Any]) -> None:
    data = associated_data(*vector["place"])
    assert Keyring.parse(vector["key"]).open(vector["stored"], data) == vector["plaintext"]


@every_vector
def test_the_associated_data_is_the_same(vector: dict[str, Any]) -> None:
    assert associated_data(*vector["place"]).hex() == vector["associatedData"]


@every_vector
def test_the_key_id_is_the_same(vector: dict[str, Any]) -> None:
    assert Keyring.parse(vector["key"]).key_ids == (vector["keyId"],)


@every_vector
def test_the_parts_are_where_they_should_be(vector: dict[str, Any]) -> None:
    ciphertext = Ciphertext.parse(vector["stored"])
    assert ciphertext.nonce.hex() == vector["nonce"]
    assert len(ciphertext.sealed) == len(vector["plaintext"].encode()) + 16
    assert str(ciphertext) == vector["stored"]


@every_vector
def test_a_vector_opens_nowhere_else(vector: dict[str, Any]) -> None:
    keyring = Keyring.parse(vector["key"])
    for other in VECTORS:
        if other["place"] != vector["place"]:
            with pytest.raises(TamperedCiphertext):
                keyring.open(vector["stored"], associated_data(*other["place"]))


@pytest.mark.django_db
def test_a_row_is_bound_to_the_place_that_the_vector_names(
    instance: Instance, settings: Any
) -> None:
    """The last vector is a row: its columns, as the model writes them, are the vector's place."""
    vector = VECTORS[-1]
    settings.ENCRYPTION_KEY = vector["key"]
    row = InstanceSkillEnv(instance=instance, skill_slug="weather", key="API_KEY", value="x")
    row.save()
    table, column, _, *bound = vector["place"]
    place = InstanceSkillEnv._meta.get_field("value").place(row)
    assert place.associated_data == associated_data(table, column, str(instance.id), *bound)


@pytest.mark.skipif(NODE is None, reason="node is not installed; the pinned vectors are tested")
def test_node_computes_the_pinned_vectors() -> None:
    assert NODE is not None
    script = [NODE, str(HERE / "vectors.mjs")]
    ran = subprocess.run(script, capture_output=True, check=True, timeout=60)
    assert ran.stdout.decode("utf-8") == (HERE / "vectors.json").read_text("utf-8")
