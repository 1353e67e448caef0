import base64
from pathlib import Path

import pytest

from ytempire.cli.keys import ensure_platform_keys, ensure_secret, random_key, rotate_sealing_keys
from ytempire.cli.problems import PlatformProblem


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
