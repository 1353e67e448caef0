"""Topics without a brief, and the child process that writes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ytempire.media.domain.script import Script
from ytempire.media.writer.errors import NotEnoughFacts
from ytempire.media.writer.topic import brief_for, sheet, topics


def test_every_sheet_is_complete() -> None:
    found = topics()
    assert len(found) >= 6
    for topic in found:
        brief = sheet(topic.id)
        assert topic.title
        assert topic.niches[0] == topic.id
        assert topic.style == "beginner_friendly"
        assert len(topic.keywords) >= 3
        assert topic.words >= 250
        assert len(brief.sources) >= 2


@pytest.mark.parametrize(
    "niche", ["investing_stocks", "personal_finance", "history", "space", "cybersecurity", "ai_news"]
)
def test_first_topic_of_a_niche(niche: str) -> None:
    assert topics(niche)[0].id == niche
    assert brief_for("", niche).title == topics(niche)[0].title


def test_topics_by_the_users_words() -> None:
    assert brief_for("Voyager 1").title == "How two old robots left the solar system"
    assert brief_for("index funds for beginners", "investing_stocks").title == "How index funds beat the experts"
    assert brief_for("compound interest").title == "How compound interest works for you or against you"


@pytest.mark.parametrize("topic", ["The dragons of Wales", "x" * 10_000, "space elevators in Norway"])
def test_no_facts_no_script(topic: str) -> None:
    with pytest.raises(NotEnoughFacts) as caught:
        brief_for(topic, "space")
    assert caught.value.code == "not_enough_facts"
    assert "Add a brief" in caught.value.message
    assert len(caught.value.message) < 300


def test_niche_without_a_sheet() -> None:
    assert topics("asmr_satisfying") == []
    with pytest.raises(NotEnoughFacts, match="asmr_satisfying"):
        brief_for("", "asmr_satisfying")


def run(folder: Path, job: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Exit status, result file and last line printed of a job."""
    target = folder / "result.json"
    target.unlink(missing_ok=True)
    file = folder / "job.json"
    file.write_text(json.dumps({"job": job, "result": str(target)}))
    command = [sys.executable, "-m", "ytempire.media.writer", str(file)]
    done = subprocess.run(command, check=False, timeout=120, capture_output=True, text=True)
    result = json.loads(target.read_text()) if target.exists() else {}
    return done.returncode, result, json.loads(done.stdout.splitlines()[-1])


def test_child_process_writes_and_judges(tmp_path: Path) -> None:
    status, result, _ = run(tmp_path, {"task": "write", "niche_id": "space", "target_seconds": 60})
    assert status == 0
    assert Script.model_validate(result["script"]).words > 160
    assert result["description"]["title"] == "How two old robots left the solar system"
    assert result["hook_request"]["task"] == "rewrite_hook"
    job = {"task": "accept_hook", "script": result["script"], "brief_json": result["brief"]}
    status, judged, _ = run(tmp_path, {**job, "text": "Voyager 1 was built on Mars."})
    assert status == 0
    assert not judged["accepted"]
    assert "Mars" in judged["reason"]
    assert judged["script"] == result["script"]


def test_child_process_refuses_in_words(tmp_path: Path) -> None:
    empty = tmp_path / "empty.md"
    empty.write_bytes(b"")
    status, result, said = run(tmp_path, {"task": "write", "brief": str(empty)})
    assert (status, result) == (2, {})
    assert "The brief is empty." in said["message"]
    status, _, said = run(tmp_path, {"task": "write", "brief": str(tmp_path / "missing.md")})
    assert status == 2
    assert "cannot be read" in said["message"]
    status, _, said = run(tmp_path, {"task": "write", "niche_id": "space", "target_seconds": 1})
    assert status == 2
    assert "target_seconds" in said["message"]
