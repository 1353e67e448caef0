import asyncio
import base64
import shutil
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from ytempire.cli.keys import ensure_platform_keys, ensure_secret, random_key, rotate_sealing_keys, write_private
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.subjects import exported, parsed, rewrapped
from ytempire.cli.testing import ServiceDatabaseFactory
from ytempire.eventstore.migrate import upgrade
from ytempire.eventstore.vault import ERASED, Vault, kek_file

REPOSITORY = Path(__file__).parents[2]


def test_a_lost_public_half_is_derived_again(tmp_path: Path) -> None:
    ensure_platform_keys(tmp_path)
    before = (tmp_path / "billing.seal.pub").read_text()
    (tmp_path / "billing.seal.pub").unlink()
    ensure_platform_keys(tmp_path)
    assert (tmp_path / "billing.seal.pub").read_text() == before
    assert rotate_sealing_keys(tmp_path) == []


def test_keys_are_32_random_bytes() -> None:
    assert len(base64.b64decode(random_key())) == 32
    assert random_key() != random_key()


def test_an_empty_secret_file_is_not_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "gateway.jwt.key").write_text("\n")
    with pytest.raises(PlatformProblem, match=r"gateway\.jwt\.key is empty"):
        ensure_secret(tmp_path / "gateway.jwt.key", random_key)


async def test_rule_4_12_subject_keys_go_through_a_backup_and_a_new_key_encryption_key(
    service_database: ServiceDatabaseFactory, tmp_path: Path
) -> None:
    """Given a service at work, when the key that wraps is exchanged, then nobody notices and old copies are void."""
    database, file = service_database("support"), tmp_path / "support.kek.key"
    upgrade(REPOSITORY / "services/support/migrations", database.owner_dsn, application_role="support")
    write_private(file, random_key() + "\n")
    shutil.copy(file, tmp_path / "copy")
    async with AsyncConnectionPool(database.dsn, open=False, kwargs={"autocommit": True}) as pool:
        vault = Vault(pool, kek_file(file))
        names = [await vault.encrypt(f"user-{n}", "name", f"Name {n}") for n in range(700)]
        await vault.erase("user-7")
        backup = parsed("\n".join(await exported(vault)))
        assert len(backup) == 700
        exchange = asyncio.create_task(rewrapped(vault, file))
        during = []
        while not exchange.done():
            during.append(await vault.encrypt(f"late-{len(during)}", "name", "late"))
            await asyncio.sleep(0.01)
        assert await exchange >= 699
        assert len(file.read_text().split()) == 1
        shown = [await vault.decrypt(f"user-{n}", "name", name) for n, name in enumerate(names)]
        assert shown == [ERASED if n == 7 else f"Name {n}" for n in range(700)]
        assert {await vault.decrypt(f"late-{n}", "name", name) for n, name in enumerate(during)} == {"late"}
        # the backup was wrapped by the key that is no more
        async with pool.connection() as connection:
            await connection.execute("delete from es.subject_keys")
        await vault.restore(backup)
        with pytest.raises(ValueError, match="was not made with"):
            await vault.decrypt("user-1", "name", names[1])
        assert await Vault(pool, kek_file(tmp_path / "copy")).decrypt("user-1", "name", names[1]) == "Name 1"
