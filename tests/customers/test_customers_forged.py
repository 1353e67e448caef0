"""The short form of `forged.py`."""

from __future__ import annotations

from tests.customers.forged import measure
from tests.customers.traces import PLACES, forms

SHORT = 300


def test_forged_notices_leave_nothing_and_secrets_of_a_journey_are_found_nowhere() -> None:
    """Given a customer, when hundreds of forged notices come, then only the provider's own are recorded, each once."""
    got = measure(SHORT, whole=False)
    assert (got["sent"], got["strange"], got["events"]) == (SHORT, [], 0)
    assert got["genuine"] == got["of_genuine"] >= 10
    assert (got["secrets"], got["found_in"]) == (0, {})
    assert got["of_secrets"] > 50
    # the search sees what is really there
    assert tuple(got["planted"]) == PLACES


def test_the_search_knows_the_forms_a_secret_may_have() -> None:
    known = forms("a/secret+word with=signs")
    assert {
        b"a/secret+word with=signs",
        b"a%2Fsecret%2Bword%20with%3Dsigns",
        b"a%2Fsecret%2Bword+with%3Dsigns",
    } <= known
    assert b"612f736563726574" in b"".join(form[:16] for form in known)
    assert any(form in b"YS9zZWNyZXQrd29yZCB3aXRoPXNpZ25z" for form in known)
