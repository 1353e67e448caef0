"""The topology under review is the one the code wants."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from ytempire.cli.durables import every_durable
from ytempire.cli.main import app

REVIEWED = Path(__file__).parents[2] / "deploy/topology.json"


def test_the_reviewed_topology_is_what_the_code_wants() -> None:
    shown = CliRunner().invoke(app, ["topology", "show"]).stdout
    message = (
        f"`.venv/bin/ytempire topology show > {REVIEWED.relative_to(REVIEWED.parents[1])}`, and review the difference"
    )
    assert shown == REVIEWED.read_text(encoding="utf-8"), message


def test_a_durable_name_is_used_once() -> None:
    names = [durable.name for durable in every_durable()]
    assert len(names) == len(set(names))
