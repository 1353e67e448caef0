"""A disk whose power can be cut: an ext4 image mounted through a loop device.

What a server wrote but did not sync lies in the mounted file system's memory and not in the image, so a copy of the
image is what the disk would hold after the power went. Needs root and loop devices.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = "12G"
"""NATS sets aside the most that every stream may hold. The file is sparse: it takes what is written."""
_COMMIT_S = 300
"""The file system's own write-back comes so seldom that it does not do the servers' work for them."""
_LEFT, _TRIES = 65536, 100


class Disk:
    """One image, mounted at ``mount``."""

    def __init__(self, folder: Path) -> None:
        self.mount = folder / "disk"
        self._folder, self._number = folder, 0

    @property
    def _image(self) -> Path:
        return self._folder / f"disk-{self._number}.img"

    def attach(self) -> None:
        """Make the image and mount it."""
        self.mount.mkdir(mode=0o755)
        _do("truncate", "-s", _SIZE, str(self._image))
        _do("mkfs.ext4", "-q", "-m", "0", "-J", "size=32", str(self._image))
        self._mount()
        self.mount.chmod(0o755)

    def snapshot(self) -> None:
        """Copy the image as it is at this moment. Whoever writes to the disk must stand still."""
        _do("cp", "--sparse=always", str(self._image), str(self._folder / f"disk-{self._number + 1}.img"))

    def swap(self) -> None:
        """Mount the copy in the image's place; nobody may have files open."""
        self.detach()
        self._image.unlink()
        self._number += 1
        self._mount()

    def detach(self) -> None:
        for _ in range(50):
            if subprocess.run(["umount", str(self.mount)], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        _do("umount", str(self.mount))

    def fill(self) -> Path:
        """Take all the space that is left; unlink the returned file to give it back."""
        ballast = self.mount / "ballast"
        with ballast.open("wb") as handle:
            for _ in range(_TRIES):
                if (room := self._room()) <= _LEFT:
                    return ballast
                # the servers write meanwhile: what was free a moment ago may be taken
                with contextlib.suppress(OSError):
                    os.posix_fallocate(handle.fileno(), 0, os.fstat(handle.fileno()).st_size + room - _LEFT)
        raise RuntimeError(f"{self.mount} does not get full: {self._room()} bytes are left")

    def _room(self) -> int:
        left = os.statvfs(self.mount)
        return left.f_bavail * left.f_frsize

    def _mount(self) -> None:
        _do("mount", "-o", f"loop,noinit_itable,commit={_COMMIT_S}", str(self._image), str(self.mount))


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder for images and files, in memory where the system offers that: what a sync costs is not what is tested,
    and what is not synced is lost there just the same."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="ychaos-", dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        # PostgreSQL's account must pass through
        folder.chmod(0o711)
        yield folder


def why_not() -> str | None:
    """None where power cuts can be tried, else the reason."""
    if os.geteuid() != 0:
        return "a loop device needs root"
    if not Path("/dev/loop-control").exists():
        return "there are no loop devices"
    return None


def _do(*arguments: str) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()}")
