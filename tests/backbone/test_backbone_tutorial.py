"""The tutorial leads where it says, and what it refuses is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.backbone.scratch import REPOSITORY, Scratch

TUTORIAL = REPOSITORY / "docs/tutorials/add-an-event.md"
BLOCK = re.compile(r"^```(?P<kind>sh|python file=(?P<file>\S+))\n(?P<text>.*?)^```$", re.M | re.S)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    return Scratch.make(tmp_path_factory.mktemp("tutorial") / "copy")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("", "Say which event and whose"),
        ("NAME=channel_paused OWNER=publisher", "is no event name"),
        ("NAME=PauseChannel OWNER=publisher", "is not in the past tense"),
        ("NAME=ChannelPaused OWNER=nobody", "There is no service 'nobody'"),
        ("NAME=VideoRendered OWNER=media", "VideoRendered exists"),
        ('NAME=ChannelPaused OWNER=publisher FIELDS="when:float"', "'when:float' is no field"),
        ("NAME=ChannelPaused OWNER=publisher READER=publisher", "name another READER"),
    ],
)
def test_a_request_that_makes_no_event_is_refused_with_what_would(scratch: Scratch, asked: str, said: str) -> None:
    done = scratch.run(f"make new-event {asked}")
    assert done.returncode != 0
    assert said in done.stderr


def test_rule_4_10_the_tutorial_adds_an_event_end_to_end(scratch: Scratch) -> None:
    ran = 0
    for block in BLOCK.finditer(TUTORIAL.read_text(encoding="utf-8")):
        if block["file"]:
            Path(scratch.root / block["file"]).write_text(block["text"], encoding="utf-8")
            continue
        done = scratch.run(f"set -e\n{block['text']}")
        assert done.returncode == 0, f"{block['text']}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
        ran += block["text"].count("make contract")
    assert ran == 2
    page = (scratch.root / "docs/events.md").read_text(encoding="utf-8")
    assert re.search(r"ChannelPaused\]\S+ \|.*\| publisher \| support \|", page)
