"""Every rule of the event backbone has a page and at least one test that carries its number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/architecture/rules.md"
RULES = range(1, 16)
ROW = re.compile(r"^\| 4\.(?P<rule>\d+) \| (?P<sentence>[^|]+) \| \[[^\]]+\]\((?P<page>[\w-]+\.md)\) \|$", re.M)
CARRIED = re.compile(r"def test_rule_4_(\d+)_")


def carried() -> set[int]:
    """The numbers that names of tests carry."""
    folders = (ROOT / name for name in ("libs", "services", "sandbox", "cli", "tests"))
    files = (file for folder in folders for file in folder.rglob("test_*.py"))
    return {int(number) for file in files for number in CARRIED.findall(file.read_text(encoding="utf-8"))}


def test_every_rule_is_on_the_page_once() -> None:
    assert [int(row["rule"]) for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))] == list(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_leads_to_a_page(rule: int) -> None:
    pages = {int(row["rule"]): row["page"] for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
    assert (PAGE.parent / pages[rule]).is_file(), f"rule 4.{rule} leads to {pages[rule]}, which is not there"


def test_every_rule_has_a_test_that_carries_its_number() -> None:
    assert set(RULES) - carried() == set(), "no test is called test_rule_4_<number>_..."
