"""`docs/decisions/dependencies.md` names every direct dependency, who uses it, why, and under which licence."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/decisions/dependencies.md"
REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ROW = re.compile(r"^\| `(?P<package>[^`]+)` \| (?P<users>[^|]+) \| (?P<reason>[^|]+) \| (?P<licence>[^|]+) \|$", re.M)


def members() -> dict[str, Path]:
    """The project files of the workspace by the name the page uses for a member."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = root["tool"]["uv"]["workspace"]["members"]
    return {"root": ROOT / "pyproject.toml"} | {Path(f).name: ROOT / f / "pyproject.toml" for f in folders}


def requirements(project_file: Path) -> set[str]:
    """Names of the packages a project file asks for, without our own."""
    project = tomllib.loads(project_file.read_text(encoding="utf-8"))
    asked = [*project["project"].get("dependencies", ())]
    for extra in project["project"].get("optional-dependencies", {}).values():
        asked += extra
    for group in project.get("dependency-groups", {}).values():
        asked += [entry for entry in group if isinstance(entry, str)]
    found = (REQUIREMENT.match(entry) for entry in asked)
    names = {match[0].lower().replace("_", "-") for match in found if match}
    return {name for name in names if name != "ytempire" and not name.startswith("ytempire-")}


def users_by_package() -> dict[str, set[str]]:
    users: dict[str, set[str]] = {}
    for member, project_file in members().items():
        for package in requirements(project_file):
            users.setdefault(package, set()).add(member)
    return users


def rows() -> dict[str, re.Match[str]]:
    return {match["package"]: match for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))}


def test_every_direct_dependency_is_explained_and_none_is_stale() -> None:
    asked, told = set(users_by_package()), set(rows())
    assert asked - told == set(), "dependencies that docs/decisions/dependencies.md does not explain"
    assert told - asked == set(), "packages in docs/decisions/dependencies.md that no member asks for"


def test_the_page_names_who_uses_what() -> None:
    told = {package: {user.strip() for user in row["users"].split(",")} for package, row in rows().items()}
    assert told == users_by_package()


def test_every_row_has_a_reason_and_a_licence() -> None:
    assert [p for p, row in rows().items() if not row["reason"].strip() or not row["licence"].strip()] == []
