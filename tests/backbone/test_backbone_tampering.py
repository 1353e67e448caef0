"""Design 4.9: whatever somebody did to a log who may do everything in its database, an audit names the place."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.backbone import tampering
from tests.backbone.tampering import Platform

from ytempire.cli.auditing import export_services
from ytempire.cli.evidence import evidence, write_report
from ytempire.cli.testing import embedded_servers
from ytempire.eventstore.export import ExportError, verify_export


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[Platform]:
    with embedded_servers() as servers:
        async with tampering.platform(servers) as made:
            yield made


async def test_rule_4_9_every_damage_is_found_and_named_by_position(platform: Platform) -> None:
    assert [finding for audit in await platform.audit() for finding in audit.findings] == []
    found = {case.name: await tampering.found(platform, case) for case in tampering.cases(platform)}
    assert len(found) > 25
    assert {name for name, finding in found.items() if not finding} == set()


async def test_rule_4_9_other_logs_know_what_was_there(platform: Platform, tmp_path: Path) -> None:
    """Without the bus too: from the logs alone, and from an export of them."""
    for damage, said in (
        (tampering.rewrite_private, "positions 1 to 160 were rewritten: gateway, media saw"),
        (tampering.rewrite_public, "positions 1 to 160 were rewritten: gateway, media saw"),
        (tampering.cut, "positions 229 to 323 are gone: gateway, media saw the head at 323"),
    ):
        folder = tmp_path / damage.__name__
        with platform.damaged(damage):
            audits = {audit.service: audit for audit in await platform.audit()}
            await export_services(platform.services, platform.servers.secrets_dir, folder)
        exported = {audit.service: audit for audit in verify_export(folder, lambda *_: None)}
        for found in (audits, exported):
            findings = [str(f) for f in found[tampering.VICTIM].findings if f.check.name == "heads"]
            assert any(finding.startswith(said) for finding in findings), findings


def _documented(folder: Path, tmp_path: Path) -> str:
    """What the program that the documentation prints says of an export."""
    page = (Path(__file__).parents[2] / "docs/architecture/audit.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    program = tmp_path / "verify.py"
    program.write_text(text, encoding="utf-8")
    return subprocess.run([sys.executable, program, folder], capture_output=True, text=True, check=False).stdout


async def test_an_export_is_verified_alike_by_the_command_and_by_the_documented_program(
    platform: Platform, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    await export_services(platform.services, platform.servers.secrets_dir, folder)
    audits = verify_export(folder, lambda *_: None)
    assert [finding for audit in audits for finding in audit.findings] == []
    read = sum(audit.events_checked for audit in audits)
    assert _documented(folder, tmp_path).startswith(f"whole: {read} events, ")

    log = folder / "billing.jsonl"
    text = log.read_text(encoding="utf-8")
    log.write_text(text.replace('number\\":21', 'number\\":12', 1), encoding="utf-8")
    (changed,) = [a for a in verify_export(folder, lambda *_: None) if not a.ok]
    assert [str(f) for f in changed.findings] == [
        "position 41 (Jotted.v1): the row is not what was hashed when it was written",
        "billing.jsonl is not the file that was written: its SHA-256 is another",
    ]
    said = _documented(folder, tmp_path)
    assert "billing 41: not what was hashed" in said
    assert "billing: the file is not the one the manifest names" in said

    (folder / "manifest.json").unlink()
    with pytest.raises(ExportError, match="holds no complete export"):
        verify_export(folder, lambda *_: None)
    with pytest.raises(ExportError, match="is not empty"):
        await export_services(platform.services, platform.servers.secrets_dir, folder)


async def test_the_report_says_what_was_found_where_and_what_it_means(platform: Platform, tmp_path: Path) -> None:
    with platform.damaged(tampering.swap):
        page, raw = write_report(evidence(await platform.audit(), "virtual"), tmp_path)
    text, data = page.read_text(encoding="utf-8"), json.loads(raw.read_text(encoding="utf-8"))
    assert "The logs are not as they were written." in text
    assert "position 41 (Jotted.v1): the row is not what was hashed when it was written" in text
    billing = next(s for s in data["services"] if s["service"] == "billing")
    assert (data["ok"], billing["ok"], billing["findings"][0]["position"]) == (False, False, 41)
    page, _ = write_report(evidence(await platform.audit(), "virtual"), tmp_path)
    assert "The logs are complete and unaltered." in page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=", text), "the page needs nothing but itself"
