"""The short form of `erasure.py`."""

from __future__ import annotations

from tests.backbone.erasure import _forms, measure


def test_rule_4_12_an_erased_person_is_nowhere_and_everything_else_is_as_before() -> None:
    """Given members of a service, when some are erased, then replay works, nothing of them is left, and sums stay."""
    got = measure(members=12, erased=5)
    assert got["plaintext"] == 0
    # the search sees what is really there
    assert got["controls"]["postgres"] > 0
    assert got["controls"]["nats"] > 0
    assert got["aggregates_equal"]
    nothing = ("live", "revived", "readable", "unreadable", "differing", "findings")
    assert {name: got[name] for name in nothing} == dict.fromkeys(nothing, 0)
    assert (got["erasures"], got["replayed"]) == (5, 12 * 2 + 5)


def test_the_search_knows_the_forms_a_text_may_have() -> None:
    raw, escaped, hexadecimal, *encoded = _forms("Zoë Ångström")
    assert (raw, escaped, hexadecimal) == (
        "Zoë Ångström".encode(),
        b"Zo\\u00eb \\u00c5ngstr\\u00f6m",
        raw.hex().encode(),
    )
    assert len(encoded) == 3
