"""Personal fields: readable where they belong, nowhere else, and not at all once they are erased."""

from __future__ import annotations

import base64
import os

import pytest

from ytempire.eventstore import EventStore
from ytempire.eventstore.vault import ERASED, Vault

KEY = os.urandom(32)


@pytest.fixture
def vault(store: EventStore) -> Vault:
    return Vault(store.pool, KEY)


async def test_a_field_is_read_back(vault: Vault) -> None:
    name, mail = await vault.encrypt("ada", "name", "Ada Lövelace"), await vault.encrypt("ada", "mail", "ada@x.example")
    assert "Ada" not in base64.b64decode(name).decode("latin-1")
    assert await vault.decrypt("ada", "name", name) == "Ada Lövelace"
    assert await vault.decrypt("ada", "mail", mail) == "ada@x.example"
    assert await vault.encrypt("ada", "name", "Ada Lövelace") != name


async def test_a_field_opens_for_its_subject_and_name_alone(vault: Vault) -> None:
    name = await vault.encrypt("ada", "name", "Ada")
    await vault.encrypt("bob", "name", "Bob")
    for subject, field in (("bob", "name"), ("ada", "mail")):
        with pytest.raises(ValueError, match=f"{field} of {subject} is not what was encrypted"):
            await vault.decrypt(subject, field, name)
    raw = bytearray(base64.b64decode(name))
    raw[-1] ^= 1
    with pytest.raises(ValueError, match="name of ada"):
        await vault.decrypt("ada", "name", base64.b64encode(raw).decode())


async def test_what_is_erased_is_gone_and_others_stay(vault: Vault, store: EventStore) -> None:
    ada, bob = await vault.encrypt("ada", "name", "Ada"), await vault.encrypt("bob", "name", "Bob")
    await vault.erase("ada")
    await vault.erase("nobody")
    assert await vault.decrypt("ada", "name", ada) == ERASED == "[erased]"
    assert await Vault(store.pool, KEY).decrypt("bob", "name", bob) == "Bob"


async def test_without_the_service_s_own_key_nothing_opens(vault: Vault, store: EventStore) -> None:
    name = await vault.encrypt("ada", "name", "Ada")
    with pytest.raises(ValueError, match="the key of ada was not made with"):
        await Vault(store.pool, os.urandom(32)).decrypt("ada", "name", name)
