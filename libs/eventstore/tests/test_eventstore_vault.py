"""Personal fields: readable where they belong, nowhere else, and not at all once they are erased."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path

import pytest

from ytempire.eventstore import EventStore
from ytempire.eventstore.vault import ERASED, SubjectErasedError, Vault, kek_file

KEY = os.urandom(32)


@pytest.fixture
def vault(store: EventStore) -> Vault:
    return Vault(store.pool, lambda: [KEY])


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
    assert await Vault(store.pool, lambda: [KEY]).decrypt("bob", "name", bob) == "Bob"


async def test_without_the_service_s_own_key_nothing_opens(vault: Vault, store: EventStore) -> None:
    name, other = await vault.encrypt("ada", "name", "Ada"), os.urandom(32)
    with pytest.raises(ValueError, match="the key of ada was not made with"):
        await Vault(store.pool, lambda: [other]).decrypt("ada", "name", name)


async def test_rule_4_12_an_erased_subject_never_gets_a_key_again(vault: Vault) -> None:
    await vault.encrypt("ada", "name", "Ada")
    await vault.erase("ada")
    for subject in ("ada", "never seen"):
        await vault.erase(subject)
        with pytest.raises(SubjectErasedError, match=f"{subject} was erased"):
            await vault.encrypt(subject, "name", "Ada")


async def test_rule_4_12_what_another_process_erased_is_read_as_erased_at_once_and_refused_once_its_key_is_forgotten(
    vault: Vault, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a key that this process remembers, when another destroys it, then nothing written since can be read."""
    before = await vault.encrypt("ada", "name", "Ada")
    await Vault(store.pool, lambda: [KEY]).erase("ada")
    since = await vault.encrypt("ada", "name", "Ada")
    assert [await vault.decrypt("ada", "name", name) for name in (before, since)] == [ERASED, ERASED]
    monkeypatch.setattr("ytempire.eventstore.vault.REMEMBERED_S", 0.0)
    with pytest.raises(SubjectErasedError, match="ada was erased"):
        await vault.encrypt("ada", "name", "Ada")


async def test_callers_at_once_agree_on_one_key(store: EventStore) -> None:
    vaults = [Vault(store.pool, lambda: [KEY]) for _ in range(8)]
    names = await asyncio.gather(*(vault.encrypt("ada", "name", str(n)) for n, vault in enumerate(vaults)))
    assert [await vaults[0].decrypt("ada", "name", name) for name in names] == [str(n) for n in range(8)]


async def test_rule_4_12_a_new_key_encryption_key_takes_over_and_the_old_one_can_be_destroyed(
    store: EventStore, tmp_path: Path
) -> None:
    """Given keys wrapped by one key, when a new one stands first in the file, then all are wrapped anew by it."""
    file, old, new = tmp_path / "billing.kek.key", base64.b64encode(KEY), base64.b64encode(os.urandom(32))
    file.write_bytes(old)
    vault = Vault(store.pool, kek_file(file))
    names = {f"user-{n:04}": await vault.encrypt(f"user-{n:04}", "name", f"Name {n}") for n in range(12)}
    await vault.erase("user-0007")
    stolen = [key async for key in vault.export()]
    file.write_bytes(new + b"\n" + old + b"\n")
    names["later"] = await vault.encrypt("later", "name", "Name later")
    assert await vault.decrypt("user-0003", "name", names["user-0003"]) == "Name 3"
    assert (await vault.rewrap(), await vault.rewrap()) == (11, 0)
    file.write_bytes(new)
    for subject, name in names.items():
        wanted = ERASED if subject == "user-0007" else f"Name {subject.removeprefix('user-').lstrip('0') or 0}"
        assert await vault.decrypt(subject, "name", name) == wanted
    # what was copied before is worthless without the key that was destroyed
    with pytest.raises(ValueError, match="was not made with"):
        vault._unwrap("user-0003", *next((k.kek, k.wrapped_key) for k in stolen if k.subject == "user-0003"))


async def test_rule_4_12_subject_keys_are_backed_up_apart_and_a_backup_revives_nobody(store: EventStore) -> None:
    vault = Vault(store.pool, lambda: [KEY])
    ada, bob = await vault.encrypt("ada", "name", "Ada"), await vault.encrypt("bob", "name", "Bob")
    await vault.erase("eve")
    backup = [key async for key in vault.export()]
    assert [key.subject for key in backup] == ["ada", "bob", "eve"]
    await vault.erase("ada")
    await vault.restore(backup)
    assert await vault.decrypt("ada", "name", ada) == ERASED
    async with store.pool.connection() as connection:
        await connection.execute("delete from es.subject_keys")
    assert await vault.decrypt("bob", "name", bob) == ERASED
    await vault.restore(backup)
    assert await vault.decrypt("bob", "name", bob) == "Bob"
    with pytest.raises(SubjectErasedError):
        await vault.encrypt("eve", "name", "Eve")


def test_an_empty_key_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.kek.key").write_text("\n")
    with pytest.raises(ValueError, match="restore it from its backup"):
        kek_file(tmp_path / "x.kek.key")
