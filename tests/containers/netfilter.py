"""What an engine leaves in the machine's network: bridge, filter rules, forwarding. Put back as it was before."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

_TABLES = ("filter", "nat")
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_BRIDGE = "docker0"


@contextlib.contextmanager
def network_put_back() -> Iterator[None]:
    """Remove afterwards what an engine adds; where another engine had been before, nothing is touched."""
    if any(_chains(_saved(table)) for table in _TABLES) or Path(f"/sys/class/net/{_BRIDGE}").exists():
        yield
        return
    forwarding, policy = _FORWARDING.read_text(), _forward_policy()
    try:
        yield
    finally:
        for table in _TABLES:
            _remove(table)
        if policy is not None:
            _run("iptables", "-P", "FORWARD", policy)
        _run("ip", "link", "delete", _BRIDGE)
        with contextlib.suppress(OSError):
            _FORWARDING.write_text(forwarding)


def _remove(table: str) -> None:
    saved = _saved(table)
    for rule in saved:
        if rule.startswith("-A ") and ("DOCKER" in rule or _BRIDGE in rule):
            _run("iptables", "-t", table, "-D", *shlex.split(rule)[1:])
    for chain in _chains(saved):
        _run("iptables", "-t", table, "-X", chain)


def _chains(saved: list[str]) -> list[str]:
    return [line[1:].split()[0] for line in saved if line.startswith(":DOCKER")]


def _forward_policy() -> str | None:
    return next((line.split()[1] for line in _saved("filter") if line.startswith(":FORWARD ")), None)


def _saved(table: str) -> list[str]:
    return _run("iptables-save", "-t", table).splitlines()


def _run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout
