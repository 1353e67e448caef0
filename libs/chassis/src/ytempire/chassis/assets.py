"""The asset store: files by content hash. Media writes; others read what a signed reference names, nothing else."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from pathlib import Path

from ytempire.events.values import AssetRef

_BLOCK = 1024 * 1024


class AssetError(Exception):
    """A reference that was not signed by media, or a file that is not there."""


class AssetReader:
    """Resolves signed references to files."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder, self._signing_key = folder, key

    def path(self, ref: AssetRef) -> Path:
        """The file behind a reference.

        :raises AssetError: if the signature is wrong or the file is missing.
        """
        if not hmac.compare_digest(self._sign(ref.key, ref.sha256), ref.signature):
            raise AssetError(f"{ref.key} is not a reference that the media service signed")
        path = self._folder / ref.key
        if not path.is_file() or not path.resolve().is_relative_to(self._folder.resolve()):
            raise AssetError(f"{ref.key} is not in the asset store")
        return path

    def _sign(self, key: str, sha256: str) -> str:
        return hmac.new(self._signing_key, f"{key}\n{sha256}".encode(), hashlib.sha256).hexdigest()


class AssetStore(AssetReader):
    """The writing side, for media alone."""

    def put(self, source: Path, media_type: str) -> AssetRef:
        """Keep a file under its content hash; the same content is kept once."""
        digest = _sha256(source)
        key = f"{digest[:2]}/{digest}{source.suffix}"
        target = self._folder / key
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(f"{target.suffix}.part")
            shutil.copyfile(source, partial)
            partial.replace(target)
        return AssetRef(
            key=key,
            sha256=digest,
            bytes=target.stat().st_size,
            media_type=media_type,
            signature=self._sign(key, digest),
        )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
