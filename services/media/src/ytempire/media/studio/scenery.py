"""Which procedural picture fits a sentence: a drawn place rather than a drawn thing."""

from __future__ import annotations

from ytempire.media.studio.words import keywords

_TOPICS = {
    "sea": "sea ocean ship sail port harbor coast wave boat island canal atlantic pacific vessel navy sailor fleet "
    "tide shore whale voyage dock cargo",
    "hills": "night sleep dream moon mountain forest hill valley evening midnight camp wolf cabin tree",
    "skyline": "city town street building office urban skyscraper capital downtown apartment rent district tower "
    "bank traffic neighborhood housing",
    "field": "farm field crop wheat sun solar wind turbine harvest grass garden soil seed "
    "electricity summer countryside farmer",
    "space": "space planet star orbit satellite galaxy universe rocket astronaut cosmos telescope mars sky gravity",
    "network": "internet data computer software network phone algorithm chip code digital online website signal robot "
    "server brain neuron cell memory",
    "blocks": "container box warehouse freight package crate stack block brick inventory storage shipment pallet trade",
}
_INDEX = {word: name for name, words in _TOPICS.items() for word in words.split()}


def scenery_for(text: str, used: set[str] | frozenset[str] = frozenset()) -> str:
    """Name of the set that the text calls for most and that was not shown yet; empty when none does."""
    votes: dict[str, int] = {}
    for word in keywords(text):
        name = _INDEX.get(word)
        if name and f"set:{name}" not in used:
            votes[name] = votes.get(name, 0) + 1
    if not votes:
        return ""
    return "set:" + max(sorted(votes), key=lambda n: votes[n])
