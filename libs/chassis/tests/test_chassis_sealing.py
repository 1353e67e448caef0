"""Sealed values: for one receiver, once, until they expire; keys that rotate and are destroyed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from ytempire.chassis.sealing import LONGEST, ROTATE_EVERY, Opener, Sealer, SealKeys
from ytempire.eventstore import PermanentError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
VALUE = {"code": "4/0AbCd", "verifier": "x"}
DAY = timedelta(days=1)


@pytest.fixture
def keys(tmp_path: Path) -> SealKeys:
    made = SealKeys(tmp_path, "publisher")
    made.ensure(NOW)
    return made


def test_rule_4_13_only_the_receiver_reads_a_sealed_value_and_only_until_it_expires(
    tmp_path: Path, keys: SealKeys
) -> None:
    SealKeys(tmp_path, "billing").ensure(NOW)
    sealed = Sealer(tmp_path).seal("publisher", VALUE, NOW, DAY)
    assert "4/0AbCd" not in sealed.model_dump_json()
    assert Opener(tmp_path, "publisher").open(sealed, NOW + DAY) == VALUE
    with pytest.raises(PermanentError, match="expired"):
        Opener(tmp_path, "publisher").open(sealed, NOW + DAY + timedelta(seconds=1))
    with pytest.raises(PermanentError, match="not sealed to a key of billing"):
        Opener(tmp_path, "billing").open(sealed, NOW)


def test_rule_4_13_a_new_key_is_used_without_a_restart_and_the_old_one_opens_what_is_under_way(
    tmp_path: Path, keys: SealKeys
) -> None:
    sealer, opener = Sealer(tmp_path), Opener(tmp_path, "publisher")
    before = sealer.seal("publisher", VALUE, NOW, LONGEST)
    assert not keys.rotate(NOW + ROTATE_EVERY - timedelta(seconds=1))
    assert keys.rotate(NOW, every=timedelta(0))
    after = sealer.seal("publisher", VALUE, NOW, LONGEST)
    assert before.key_id != after.key_id
    assert [opener.open(value, NOW + LONGEST) for value in (before, after)] == [VALUE, VALUE]


def test_rule_4_13_a_key_is_destroyed_once_all_that_was_sealed_to_it_has_expired(
    tmp_path: Path, keys: SealKeys
) -> None:
    """What expired cannot be opened by anybody, whatever time it is said to be, and whoever kept the log."""
    (first,) = keys.read()
    sealed = Sealer(tmp_path).seal("publisher", VALUE, NOW + ROTATE_EVERY, LONGEST)
    assert keys.rotate(NOW + ROTATE_EVERY)
    assert not keys.rotate(sealed.expires_at)
    assert first.id in [key.id for key in keys.read()]
    assert keys.rotate(sealed.expires_at + DAY)
    assert first.id not in [key.id for key in keys.read()]
    secret = base64.b64encode(bytes(first.private))
    assert not [path for path in tmp_path.iterdir() if secret in path.read_bytes()]
    with pytest.raises(PermanentError, match="still kept"):
        Opener(tmp_path, "publisher").open(sealed, NOW)


def test_keys_rotate_for_years_without_piling_up(tmp_path: Path, keys: SealKeys) -> None:
    sealer, opener = Sealer(tmp_path), Opener(tmp_path, "publisher")
    for day in range(800):
        now = NOW + day * DAY
        keys.rotate(now)
        assert opener.open(sealer.seal("publisher", VALUE, now, LONGEST), now + LONGEST) == VALUE
        assert len(keys.read()) <= 2


def test_a_bare_key_of_an_earlier_installation_is_rotated_at_once(tmp_path: Path) -> None:
    private = PrivateKey.generate()
    (tmp_path / "support.seal.key").write_bytes(base64.b64encode(bytes(private)))
    keys = SealKeys(tmp_path, "support")
    keys.ensure(NOW)
    sealed = Sealer(tmp_path).seal("support", VALUE, NOW, DAY)
    assert keys.rotate(NOW)
    assert Opener(tmp_path, "support").open(sealed, NOW) == VALUE


def test_nothing_is_sealed_for_longer_than_its_key_is_sure_to_live(tmp_path: Path, keys: SealKeys) -> None:
    with pytest.raises(ValueError, match="7 days at most"):
        Sealer(tmp_path).seal("publisher", VALUE, NOW, LONGEST + timedelta(seconds=1))


def test_private_keys_are_their_owner_s_alone(tmp_path: Path, keys: SealKeys) -> None:
    keys.rotate(NOW, every=timedelta(0))
    assert (tmp_path / "publisher.seal.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "publisher.seal.pub").stat().st_mode & 0o777 == 0o644
