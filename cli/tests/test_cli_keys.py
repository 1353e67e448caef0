import base64
from pathlib import Path

import pytest
from nacl.public import PrivateKey, PublicKey, SealedBox

from ytempire.cli.keys import ensure_seal_pair, ensure_secret, random_key
from ytempire.cli.problems import PlatformProblem


def test_what_is_sealed_with_the_public_half_opens_with_the_private_one(tmp_path: Path) -> None:
    ensure_seal_pair(tmp_path, "billing")
    public = PublicKey(base64.b64decode((tmp_path / "billing.seal.pub").read_text()))
    private = PrivateKey(base64.b64decode((tmp_path / "billing.seal.key").read_text()))
    assert SealedBox(private).decrypt(SealedBox(public).encrypt(b"code")) == b"code"


def test_a_lost_public_half_is_derived_again(tmp_path: Path) -> None:
    ensure_seal_pair(tmp_path, "billing")
    before = (tmp_path / "billing.seal.pub").read_text()
    (tmp_path / "billing.seal.pub").unlink()
    ensure_seal_pair(tmp_path, "billing")
    assert (tmp_path / "billing.seal.pub").read_text() == before


def test_keys_are_32_random_bytes() -> None:
    assert len(base64.b64decode(random_key())) == 32
    assert random_key() != random_key()


def test_an_empty_secret_file_is_not_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "gateway.jwt.key").write_text("\n")
    with pytest.raises(PlatformProblem, match=r"gateway\.jwt\.key is empty"):
        ensure_secret(tmp_path / "gateway.jwt.key", random_key)
