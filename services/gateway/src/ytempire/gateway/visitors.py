"""Who is at the door, as far as a request tells: coarse, because it is kept and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
"""In this order: most name those they descend from as well."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_PROGRAM = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")
_UNKNOWN = "Unknown device"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from."""

    network: str
    """What is counted as one: an IPv4 address, the /64 of an IPv6 address, of which one customer has all."""
    place: str
    """What is kept and shown: the /24 or the /48."""
    device: str
    """Kind of browser or program and system, such as ``Firefox on Linux``."""


def visitor(address: str, user_agent: str) -> Visitor:
    return Visitor(_network(address, 32, 64), _network(address, 24, 48), device_family(user_agent))


def device_family(user_agent: str) -> str:
    """What a browser says it is, without version and details."""
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    if browser is None:
        program = _PROGRAM.match(user_agent)
        browser = program[0] if program and program[0] != "Mozilla" else None
    named = [part for part in (browser, system) if part]
    return " on ".join(named) if named else _UNKNOWN


def _network(address: str, bits: int, bits_v6: int) -> str:
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    prefix = bits if parsed.version == 4 else bits_v6
    return str(parsed) if prefix == 32 else str(ip_network((parsed, prefix), strict=False))
