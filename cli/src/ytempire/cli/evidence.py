"""What an audit leaves behind: the evidence as data, and as a document for a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ytempire.eventstore.audit import Audit

Json = dict[str, Any]
_TOOLS = ("ytempire-cli", "ytempire-eventstore", "ytempire-events", "psycopg", "nats-py", "cryptography")


def as_data(audit: Audit) -> Json:
    """One service's evidence."""
    return {
        "service": audit.service,
        "ok": audit.ok,
        "events_checked": audit.events_checked,
        "first_event": audit.first_time or None,
        "last_event": audit.last_time or None,
        "outbox_checked": audit.outbox_checked,
        "bus_checked": audit.bus_checked,
        "claims_checked": audit.claims_checked,
        "causes_in_other_logs": audit.causes_elsewhere,
        "head": {"position": audit.last_position, "hash": audit.head_hash},
        "seals": {"count": audit.seals, "witnessed_to": audit.sealed_to, "kept_by": audit.witnesses},
        "counts": dict(sorted(audit.counts.items())),
        "checks": [
            {"name": check.name, "proves": check.proves, "findings": audit.found[check.name]}
            for check in audit.checks.values()
        ],
        "findings": [
            {
                "service": finding.service,
                "check": finding.check.name,
                "position": finding.position,
                "what": finding.what,
                "matters": finding.check.matters,
            }
            for finding in audit.findings
        ],
    }


def evidence(audits: Sequence[Audit], clock: str) -> Json:
    """Everything that was looked at, of the whole platform; `clock` is what its business time follows."""
    services = [as_data(audit) for audit in audits]
    checks = {check.name: check for audit in audits for check in audit.checks.values()}
    return {
        "ok": all(audit.ok for audit in audits),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "clock": clock,
        "versions": {name: version(name) for name in _TOOLS},
        "events_checked": sum(audit.events_checked for audit in audits),
        "checks": [
            {
                "name": check.name,
                "proves": check.proves,
                "matters": check.matters,
                "services": sum(check.name in audit.checks for audit in audits),
                "findings": sum(audit.found[check.name] for audit in audits),
            }
            for check in checks.values()
        ],
        "services": services,
    }


def render(data: Json) -> str:
    """The report as one HTML page that needs nothing else."""
    environment = Environment(
        loader=PackageLoader("ytempire.cli"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["moment"] = lambda text: f"{text[:10]} {text[11:19]} UTC" if text else "none"
    return environment.get_template("audit.html").render(data)


def write_report(data: Json, folder: Path) -> tuple[Path, Path]:
    """Write `audit.html` and `audit.json` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    page, raw = folder / "audit.html", folder / "audit.json"
    page.write_text(render(data), encoding="utf-8")
    raw.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return page, raw
