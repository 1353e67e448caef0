"""Google OAuth by google-auth-oauthlib and google-auth: consent, exchange, refresh, revocation."""

import os
import ssl
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import google.auth.exceptions
import google.auth.transport.requests
import httpx
import pytest
import requests
from google_auth_oauthlib.flow import Flow
from googleapiclient.errors import HttpError

from ytempire.sandbox.google.scopes import FORCE_SSL, PREFIX
from ytempire.sandbox.google.testkit import (
    ALL_SCOPES,
    REDIRECT,
    ConsentRefusedError,
    answer_consent,
    auth_url,
    connect,
)
from ytempire.sandbox.process import Addresses, SandboxProcess


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory) -> Iterator[Addresses]:
    with SandboxProcess(tmp_path_factory.mktemp("oauth")) as addresses:
        yield addresses


@pytest.fixture
def web(sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.base_url, verify=ssl.create_default_context(cafile=sandbox.ca)) as client:
        yield client


def flow(sandbox: Addresses, scopes=ALL_SCOPES, secret="sandbox-secret") -> Flow:
    config = {
        "client_id": "sandbox-client",
        "client_secret": secret,
        "auth_uri": f"{sandbox.base_url}/google/oauth/o/oauth2/v2/auth",
        "token_uri": f"{sandbox.base_url}/google/oauth/token",
    }
    return Flow.from_client_config({"web": config}, list(scopes), redirect_uri=REDIRECT)


def code_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code"][0]


def refresh_request(sandbox: Addresses) -> google.auth.transport.requests.Request:
    session = requests.Session()
    # Otherwise REQUESTS_CA_BUNDLE of the machine would win over the session's own CA.
    session.trust_env = False
    session.verify = sandbox.ca
    return google.auth.transport.requests.Request(session)


def exchange(web: httpx.Client, **form: str) -> httpx.Response:
    own = {
        "grant_type": "authorization_code",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "redirect_uri": REDIRECT,
    }
    return web.post("/google/oauth/token", data={**own, **form})


# PKCE example of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_flow_of_google_auth_oauthlib(sandbox):
    one = flow(sandbox)
    url, state = one.authorization_url(access_type="offline", prompt="consent", include_granted_scopes="true")
    back = answer_consent(url, sandbox.ca, "Flow@Example.com", "established")
    query = parse_qs(urlsplit(back).query)
    assert back.startswith(REDIRECT)
    assert query["state"] == [state]
    token = one.fetch_token(code=query["code"][0], verify=sandbox.ca)
    assert token["refresh_token"]
    credentials = one.credentials
    before = credentials.token
    credentials.refresh(refresh_request(sandbox))
    assert credentials.token != before


def test_partial_consent_narrows_the_scopes(sandbox, monkeypatch):
    monkeypatch.setitem(os.environ, "OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    one = flow(sandbox)
    url, _ = one.authorization_url(access_type="offline")
    back = answer_consent(url, sandbox.ca, "partial@example.com", scopes=[FORCE_SSL])
    token = one.fetch_token(code=code_of(back), verify=sandbox.ca)
    assert token["scope"] == [FORCE_SSL]


def test_denied(sandbox):
    back = answer_consent(auth_url(sandbox.base_url, CHALLENGE), sandbox.ca, "no@example.com", action="deny")
    assert parse_qs(urlsplit(back).query) == {"state": ["state-1"], "error": ["access_denied"]}


def test_unchecking_every_scope_is_a_denial(sandbox):
    back = answer_consent(auth_url(sandbox.base_url, CHALLENGE), sandbox.ca, "none@example.com", scopes=[])
    assert parse_qs(urlsplit(back).query)["error"] == ["access_denied"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "somebody"}, "invalid_client"),
        ({"redirect_uri": "not-an-address"}, "redirect_uri_mismatch"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
        ({"scope": ""}, "Missing required parameter: scope"),
        ({"code_challenge_method": "S512"}, "code_challenge_method"),
    ],
)
def test_a_wrong_request_never_reaches_the_app(sandbox, change, words):
    with pytest.raises(ConsentRefusedError, match=words):
        answer_consent(auth_url(sandbox.base_url, CHALLENGE, **change), sandbox.ca, "a@example.com")


def test_the_account_must_be_an_address(sandbox):
    with pytest.raises(ConsentRefusedError, match="e-mail address"):
        answer_consent(auth_url(sandbox.base_url, CHALLENGE), sandbox.ca, "not an address")


def test_a_channel_of_somebody_else_is_refused(sandbox):
    theirs = connect(sandbox.base_url, sandbox.ca, "owner@example.com")
    id = theirs.youtube.channels().list(part="id", mine=True).execute()["items"][0]["id"]
    with pytest.raises(ConsentRefusedError, match="Choose one of"):
        answer_consent(auth_url(sandbox.base_url, CHALLENGE), sandbox.ca, "thief@example.com", id)


def test_the_page_lists_the_channels_of_an_account(web, sandbox):
    page = web.get(auth_url(sandbox.base_url, CHALLENGE, login_hint="hint@example.com"))
    assert "hint@example.com - fresh" in page.text
    assert "hint@example.com - established" in page.text


def test_thirty_channels_and_no_more(sandbox):
    for number in range(28):
        answer_consent(
            auth_url(sandbox.base_url, CHALLENGE), sandbox.ca, "many@example.com", "another", new_title=f"No {number}"
        )
    with pytest.raises(ConsentRefusedError, match="already owns 30 channels"):
        answer_consent(auth_url(sandbox.base_url, CHALLENGE), sandbox.ca, "many@example.com", "another")


def test_a_code_serves_once_and_its_second_use_revokes(sandbox, web):
    code = code_of(answer_consent(auth_url(sandbox.base_url, CHALLENGE), sandbox.ca, "once@example.com"))
    first = exchange(web, code=code, code_verifier=VERIFIER)
    assert first.status_code == 200
    again = exchange(web, code=code, code_verifier=VERIFIER)
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"
    token = first.json()["access_token"]
    assert web.get("/google/oauth/tokeninfo", params={"access_token": token}).status_code == 400


@pytest.mark.parametrize(
    ("form", "error", "status"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant", 400),
        ({}, "invalid_grant", 400),
        ({"code_verifier": VERIFIER, "redirect_uri": REDIRECT + "/other"}, "redirect_uri_mismatch", 400),
        ({"code_verifier": VERIFIER, "client_secret": "wrong"}, "invalid_client", 401),
        ({"code_verifier": VERIFIER, "client_id": "wrong"}, "invalid_client", 401),
        ({"code_verifier": VERIFIER, "grant_type": "password"}, "unsupported_grant_type", 400),
    ],
)
def test_refused_exchanges(sandbox, web, form, error, status):
    code = code_of(answer_consent(auth_url(sandbox.base_url, CHALLENGE), sandbox.ca, "refused@example.com"))
    answer = exchange(web, code=code, **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_code_dies_after_ten_minutes(sandbox, web):
    code = code_of(answer_consent(auth_url(sandbox.base_url, CHALLENGE), sandbox.ca, "late@example.com"))
    web.post("/control/clock", json={"advance_seconds": 601})
    assert exchange(web, code=code, code_verifier=VERIFIER).json()["error"] == "invalid_grant"


def test_a_second_consent_gives_no_refresh_token_unless_asked(sandbox, web):
    quiet = auth_url(sandbox.base_url, CHALLENGE, prompt="")
    tokens = []
    for url in (quiet, quiet, auth_url(sandbox.base_url, CHALLENGE)):
        code = code_of(answer_consent(url, sandbox.ca, "again@example.com"))
        tokens.append(exchange(web, code=code, code_verifier=VERIFIER).json())
    assert ["refresh_token" in token for token in tokens] == [True, False, True]


def test_an_expired_access_token_is_refreshed_by_the_client_itself(sandbox, web):
    one = connect(sandbox.base_url, sandbox.ca, "expiry@example.com")
    youtube = one.youtube
    web.post("/control/clock", json={"advance_seconds": 3700})
    assert youtube.channels().list(part="id", mine=True).execute()["items"]


def test_revoked(sandbox, web):
    one = connect(sandbox.base_url, sandbox.ca, "revoked@example.com")
    youtube = one.youtube
    assert web.post("/google/oauth/revoke", data={"token": one.tokens["refresh_token"]}).status_code == 200
    with pytest.raises(google.auth.exceptions.RefreshError) as refused:
        youtube.channels().list(part="id", mine=True).execute()
    assert refused.value.args[1] == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }
    assert web.post("/google/oauth/revoke", data={"token": one.tokens["refresh_token"]}).status_code == 400


def test_a_token_without_the_scope_is_told_so(sandbox):
    one = connect(sandbox.base_url, sandbox.ca, "narrow@example.com", scopes=[PREFIX + "yt-analytics.readonly"])
    with pytest.raises(HttpError) as refused:
        one.youtube.channels().list(part="id", mine=True).execute()
    assert refused.value.status_code == 403
    assert refused.value.error_details[0]["reason"] == "insufficientPermissions"


def test_the_channels_of_an_account_are_the_same_each_time(sandbox):
    ids = {
        connect(sandbox.base_url, sandbox.ca, "same@example.com", "established")
        .youtube.channels()
        .list(part="id,status,statistics", mine=True)
        .execute()["items"][0]["id"]
        for _ in range(2)
    }
    assert len(ids) == 1


def test_switches_expire_and_revoke(sandbox, web):
    youtube = connect(sandbox.base_url, sandbox.ca, "switches@example.com").youtube
    web.post("/control/faults", json={"provider": "youtube", "action": "provider", "name": "expire"})
    assert youtube.channels().list(part="id", mine=True).execute()["items"]
    web.post("/control/faults", json={"provider": "youtube", "action": "provider", "name": "expire"})
    web.post("/control/faults", json={"provider": "google-oauth", "action": "provider", "name": "revoke"})
    with pytest.raises(google.auth.exceptions.RefreshError):
        youtube.channels().list(part="id", mine=True).execute()
