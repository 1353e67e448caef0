"""docs/errors.md is what the source says: every error, its message, and a test that causes it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tools import errors_page as tool

ROOT = Path(__file__).parents[2]


def test_every_error_is_on_the_page_with_its_message_and_a_test_that_causes_it() -> None:
    """Where this fails, `make errors` writes the page; what it then says is missing is to be written."""
    assert tool.findings(ROOT) == []


def test_the_page_has_the_form_that_make_errors_writes() -> None:
    assert (ROOT / tool.PAGE).read_text(encoding="utf-8") == tool.page(ROOT)


def test_every_refusal_of_the_public_language_is_on_the_page() -> None:
    """Given the services that refuse by an event, each has its codes there."""
    services = {row.service for row in tool.collected(ROOT)}
    assert services == set(tool.SERVICES)
    assert len(tool.collected(ROOT)) > 150


SOURCE = """
from ytempire.gateway.problems import Problem

_LONG = "The name is too long. Shorten it."

def check(name: str) -> None:
    if not name:
        raise Problem(422, "name_missing", "There is no name. Write one.", field="/name")
    text = f"The name has {len(name)} letters. Shorten it."
    if len(name) > 9:
        raise Problem(409, "name_long", text if name else _LONG)
    raise _wrong("It is wrong. Mend it.")

def _wrong(detail: str) -> Problem:
    return Problem(400, "name_wrong", detail, field="name")
"""
TEST = """
def test_a_name_is_checked() -> None:
    assert {"name_missing", "name_long", "name_wrong"}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with three errors and a test."""
    for name, text in (("src/ytempire/gateway/names.py", SOURCE), ("tests/test_names.py", TEST)):
        file = tmp_path / "services/gateway" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    (tmp_path / "docs").mkdir()
    return tmp_path


def test_errors_are_found_in_each_form_and_the_page_heals_itself(tree: Path) -> None:
    rows = tool.collected(tree)
    assert [(row.status, row.code, row.field, row.message) for row in rows] == [
        ("409", "name_long", "", "The name has {name} letters. Shorten it."),
        ("409", "name_long", "", "The name is too long. Shorten it."),
        ("422", "name_missing", "/name", "There is no name. Write one."),
        ("400", "name_wrong", "name", "It is wrong. Mend it."),
    ]
    assert len(tool.findings(tree)) == 4
    (tree / tool.PAGE).write_text(tool.page(tree))
    assert tool.findings(tree) == []
    assert "| Shorten it. |" in tool.page(tree)


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("src/ytempire/gateway/names.py", "Mend it.", "Repair it.", "not on the page"),
        ("src/ytempire/gateway/names.py", "name_missing", "name_empty", "not in the source any more"),
        ("src/ytempire/gateway/names.py", "422", "400", "not on the page"),
        ("tests/test_names.py", "test_a_name", "test_the_name", "no such test"),
        ("tests/test_names.py", '"name_long", ', "", "does not mention it"),
    ],
)
def test_a_page_that_is_not_what_the_source_says_is_found(
    tree: Path, file: str, old: str, new: str, finding: str
) -> None:
    (tree / tool.PAGE).write_text(tool.page(tree))
    changed = tree / "services/gateway" / file
    changed.write_text(changed.read_text().replace(old, new))
    assert any(finding in found for found in tool.findings(tree))


def test_what_people_wrote_stays(tree: Path) -> None:
    (tree / tool.PAGE).write_text(tool.page(tree).replace("| Write one. |", "| Choose a name you like. |"))
    assert "| Choose a name you like. |" in tool.page(tree)
    shutil.rmtree(tree / "services/gateway/tests")
    (tree / tool.PAGE).write_text(tool.page(tree))
    assert any("none is named" in found for found in tool.findings(tree))
