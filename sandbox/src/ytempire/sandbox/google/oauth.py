"""Google's OAuth 2.0: consent page, token, revoke and tokeninfo end points.

Addresses (below the sandbox's root):

* ``GET  /google/oauth/o/oauth2/v2/auth``: the consent page. Parameters as Google's: ``client_id``, ``redirect_uri``,
  ``response_type=code``, ``scope``, ``state``, ``code_challenge``, ``code_challenge_method`` (S256 or plain),
  ``access_type``, ``prompt``, ``include_granted_scopes``, ``login_hint``.
* ``POST`` to the same address with the same query is what the page's form does. Form fields:
  ``account`` (e-mail of the Google account), ``channel`` (``fresh``, ``established``, ``another`` for a new channel,
  or a channel id), ``new_title`` (title for ``another``, optional), ``scope`` (repeated; the scopes granted),
  ``scopes_listed`` (``yes`` when the check boxes were shown; without it all requested scopes are granted),
  ``action`` (``approve``, ``deny``, or ``switch`` to show another account's channels).
  The answer is a 302 to ``redirect_uri`` with ``code``, ``scope`` and ``state``, or ``error=access_denied``.
* ``POST /google/oauth/token``: ``grant_type`` ``authorization_code`` or ``refresh_token``.
* ``POST /google/oauth/revoke`` (``token``), ``GET /google/oauth/tokeninfo`` (``access_token``).
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import FormData

from ytempire.sandbox.google import accounts
from ytempire.sandbox.google.render import page
from ytempire.sandbox.google.scopes import SCOPES
from ytempire.sandbox.google.settings import GoogleSettings
from ytempire.sandbox.google.tokens import OAuthError, TokenBook
from ytempire.sandbox.journal import note
from ytempire.sandbox.world import World

AUTH = "/google/oauth/o/oauth2/v2/auth"


class ConsentError(Exception):
    """The app's request is wrong; shown to the person, never sent back to the app."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True)
class AuthRequest:
    """A checked authorization request."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None
    code_challenge_method: str
    offline: bool
    prompt_consent: bool
    login_hint: str

    def answer(self, **values: str) -> RedirectResponse:
        """The way back to the app, with ``state`` echoed."""
        parts = urlsplit(self.redirect_uri)
        query = parse_qsl(parts.query, keep_blank_values=True)
        query += ([("state", self.state)] if self.state is not None else []) + list(values.items())
        return RedirectResponse(urlunsplit(parts._replace(query=urlencode(query))), 302)


def read_request(request: Request, settings: GoogleSettings) -> AuthRequest:
    """Check the query of the consent page; raises :class:`ConsentError`."""
    query = request.query_params
    for name in ("client_id", "redirect_uri", "response_type", "scope"):
        if not query.get(name):
            raise ConsentError("invalid_request", f"Missing required parameter: {name}")
    if query["client_id"] != settings.client_id:
        raise ConsentError("invalid_client", "The OAuth client was not found.", 401)
    _check_redirect(query["redirect_uri"], settings)
    if query["response_type"] != "code":
        raise ConsentError("unsupported_response_type", "The only response_type for web server apps is code.")
    scopes = tuple(dict.fromkeys(query["scope"].split()))
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise ConsentError("invalid_scope", f"Some requested scopes were invalid: {', '.join(unknown)}")
    method = query.get("code_challenge_method", "plain")
    if query.get("code_challenge") and method not in ("S256", "plain"):
        raise ConsentError("invalid_request", "code_challenge_method must be S256 or plain.")
    return AuthRequest(
        client_id=query["client_id"],
        redirect_uri=query["redirect_uri"],
        scopes=scopes,
        state=query.get("state"),
        code_challenge=query.get("code_challenge"),
        code_challenge_method=method,
        offline=query.get("access_type") == "offline",
        prompt_consent="consent" in query.get("prompt", "").split(),
        login_hint=query.get("login_hint", ""),
    )


def _check_redirect(uri: str, settings: GoogleSettings) -> None:
    parts = urlsplit(uri)
    absolute = parts.scheme in ("http", "https") and parts.hostname and not parts.fragment
    if not absolute or (settings.redirect_uris and uri not in settings.redirect_uris):
        raise ConsentError("redirect_uri_mismatch", f"The redirect URI is not registered for this client: {uri}")


def _consent_page(world: World, asked: AuthRequest, account: str, problem: str = "", status: int = 200) -> Response:
    try:
        known = accounts.channels_of(world, accounts.account_name(account)) if account else []
    except accounts.AccountError as error:
        known, problem, status = [], problem or str(error), 400
    return page(
        "consent.html",
        status,
        account=account,
        channels=known,
        problem=problem,
        app=urlsplit(asked.redirect_uri).netloc,
        scopes=[(scope, SCOPES[scope]) for scope in asked.scopes],
        most=accounts.MOST_CHANNELS,
    )


def _decide(world: World, book: TokenBook, asked: AuthRequest, form: FormData) -> Response:
    """What the person pressed."""
    text = {name: str(value) for name, value in form.multi_items()}
    account, action = text.get("account", ""), text.get("action", "")
    if action == "deny":
        return asked.answer(error="access_denied")
    if action == "switch":
        return _consent_page(world, asked, account)
    if action != "approve":
        return _consent_page(world, asked, account, "Choose Allow or Cancel.", 400)
    listed = text.get("scopes_listed") == "yes"
    chosen = {str(value) for value in form.getlist("scope")} if listed or "scope" in form else set(asked.scopes)
    granted = [scope for scope in asked.scopes if scope in chosen]
    if not granted:
        return asked.answer(error="access_denied")
    try:
        name = accounts.account_name(account)
        channel = accounts.choose_channel(world, name, text.get("channel", ""), text.get("new_title", ""))
    except accounts.AccountError as error:
        return _consent_page(world, asked, account, str(error), 400)
    code = book.issue_code(
        {
            "client_id": asked.client_id,
            "redirect_uri": asked.redirect_uri,
            "account": name,
            "channel_id": channel["id"],
            "scopes": granted,
            "offline": asked.offline,
            "prompt_consent": asked.prompt_consent,
            "code_challenge": asked.code_challenge,
            "code_challenge_method": asked.code_challenge_method,
        }
    )
    return asked.answer(code=code, scope=" ".join(granted))


def _client(request: Request, form: FormData) -> tuple[str, str]:
    """Client id and secret from the body or from HTTP Basic."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return id, secret
    return str(form.get("client_id", "")), str(form.get("client_secret", ""))


def _token(book: TokenBook, settings: GoogleSettings, request: Request, form: FormData) -> dict[str, object]:
    id, secret = _client(request, form)
    if id != settings.client_id:
        raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
    if not hmac.compare_digest(secret.encode(), settings.client_secret.get_secret_value().encode()):
        raise OAuthError("invalid_client", "The provided client secret is invalid.", 401)
    value = {name: str(form.get(name, "")) for name in ("grant_type", "code", "redirect_uri", "refresh_token")}
    wanted = {"authorization_code": "code", "refresh_token": "refresh_token"}.get(value["grant_type"])
    if wanted is None:
        raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {value['grant_type']}")
    if not value[wanted]:
        raise OAuthError("invalid_request", f"Missing required parameter: {wanted}")
    if wanted == "code":
        return book.exchange(id, value["code"], value["redirect_uri"], str(form.get("code_verifier", "")))
    return book.refresh(id, value["refresh_token"])


def _refused(error: OAuthError) -> JSONResponse:
    return JSONResponse({"error": error.error, "error_description": error.description}, error.status)


def router(world: World, settings: GoogleSettings, book: TokenBook) -> APIRouter:
    """The four end points."""
    routes = APIRouter(tags=["google oauth"])

    @routes.get(AUTH)
    async def consent(request: Request) -> Response:
        try:
            asked = read_request(request, settings)
        except ConsentError as error:
            return page("consent_error.html", error.status, error=error.error, description=error.description)
        return _consent_page(world, asked, request.query_params.get("account", asked.login_hint))

    @routes.post(AUTH)
    async def decide(request: Request) -> Response:
        try:
            asked = read_request(request, settings)
        except ConsentError as error:
            return page("consent_error.html", error.status, error=error.error, description=error.description)
        form = await request.form()
        note(request, action=str(form.get("action", "")), channel=str(form.get("channel", "")))
        return _decide(world, book, asked, form)

    @routes.post("/google/oauth/token")
    async def token(request: Request) -> Response:
        form = await request.form()
        note(request, grant_type=str(form.get("grant_type", "")))
        try:
            return JSONResponse(_token(book, settings, request, form), headers={"Cache-Control": "no-store"})
        except OAuthError as error:
            note(request, error=error.error)
            return _refused(error)

    @routes.post("/google/oauth/revoke")
    async def revoke(request: Request) -> Response:
        form = await request.form()
        given = str(form.get("token") or request.query_params.get("token") or "")
        try:
            book.revoke(given)
        except OAuthError as error:
            return _refused(error)
        return JSONResponse({})

    @routes.get("/google/oauth/tokeninfo")
    async def tokeninfo(request: Request) -> Response:
        access = book.check(request.query_params.get("access_token", ""))
        if access is None:
            return _refused(OAuthError("invalid_token", "Invalid Value"))
        expires = int(world.clock.now().timestamp()) + access.seconds_left
        return JSONResponse(
            {
                "azp": access.client_id,
                "aud": access.client_id,
                "scope": " ".join(sorted(access.scopes)),
                "exp": str(expires),
                "expires_in": str(access.seconds_left),
                "access_type": "offline",
            }
        )

    return routes
