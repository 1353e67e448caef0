"""Kinds of request fields with their limits, each refused in a sentence."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    WrapValidator,
    field_validator,
)
from pydantic_core import PydanticCustomError

from ytempire.gateway.adapters.known_passwords import is_known

BRIEF_BYTES = 100_000
TOPIC_CHARACTERS = 200
_PASSWORD_CHARACTERS = (10, 256)
_PROVIDER_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_MOST_INTEGER = 2**53 - 1
"""The largest that every reader of JSON takes exactly."""


class Body(BaseModel):
    """A JSON object whose fields are all known."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="after", check_fields=False)
    @classmethod
    def _can_be_kept(cls, value: Any) -> Any:
        _refuse_what_no_store_keeps(value)
        return value


def _refuse_what_no_store_keeps(value: Any) -> None:
    """Whatever a field takes: an event with it could not be recorded, or not be read by everybody."""
    if isinstance(value, str) and "\0" in value:
        raise PydanticCustomError("not_text", "This is not text: it holds a NUL character. Leave it out.")
    if isinstance(value, int) and abs(value) > _MOST_INTEGER:
        raise PydanticCustomError("too_large", "This number is too large. Send a smaller one.")
    if isinstance(value, dict):
        for inner in (*value, *value.values()):
            _refuse_what_no_store_keeps(inner)
    if isinstance(value, list | tuple):
        for inner in value:
            _refuse_what_no_store_keeps(inner)


def _plain(value: str) -> str:
    if any(unicodedata.category(c) == "Cc" and c not in "\n\r\t" for c in value):
        raise PydanticCustomError("not_text", "This is not text: it holds control characters. Leave them out.")
    return value


def _line(value: str) -> str:
    if any(unicodedata.category(c) == "Cc" for c in value):
        raise PydanticCustomError("not_text", "Write this in one line, without control characters.")
    return value


def _provider_id(value: str) -> str:
    """It becomes part of an address at the provider: nothing in it may lead elsewhere."""
    if not _PROVIDER_ID.fullmatch(value):
        raise PydanticCustomError(
            "not_an_id", "This is no id of the payment provider. Send it as the provider gave it."
        )
    return value


def _brief(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("brief_empty", "The brief is empty. Write what the video should say.")
    size = len(value.encode())
    if size > BRIEF_BYTES:
        raise PydanticCustomError(
            "brief_too_long",
            "The brief has {size} bytes; at most {most} are read. Send the part this video is about.",
            {"size": size, "most": BRIEF_BYTES},
        )
    try:
        return _plain(value)
    except PydanticCustomError as error:
        raise PydanticCustomError(
            "brief_not_text", "The brief is not text: it holds control characters. Send plain text or Markdown."
        ) from error


def _password(value: str) -> str:
    least, most = _PASSWORD_CHARACTERS
    if len(value) < least:
        raise PydanticCustomError("weak_password", "The password needs at least 10 characters.")
    if len(value) > most:
        raise PydanticCustomError("weak_password", "The password may have at most 256 characters.")
    if len(set(value.casefold())) < 5 or value.isdigit():
        raise PydanticCustomError(
            "weak_password", "The password is easy to guess. Use at least five different characters, not only digits."
        )
    if is_known(value):
        raise PydanticCustomError(
            "weak_password",
            "This password is known from breaches, or close to one that is, and is tried first."
            " Use another one, such as four words that have nothing to do with each other.",
        )
    return value


def _email(value: Any, handler: Any) -> Any:
    if not isinstance(value, str):
        return handler(value)
    try:
        # one spelling first: what is equal to us must be the same mailbox, and must be an address as it will be used
        return handler(unicodedata.normalize("NFKC", value))
    except ValueError as error:
        raise PydanticCustomError(
            "invalid_email", "This is not an e-mail address. Write it like name@example.com."
        ) from error


Email = Annotated[EmailStr, WrapValidator(_email), StringConstraints(max_length=254)]
Password = Annotated[str, AfterValidator(_password)]
GivenPassword = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
"""A password at log-in: anything may be wrong, nothing is weak."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_line)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_line)]
ProviderId = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_provider_id)]
Topic = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=TOPIC_CHARACTERS),
    AfterValidator(_line),
]
Brief = Annotated[str, AfterValidator(_brief)]
Subject = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_line)]
Message = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000), AfterValidator(_plain)
]
LengthS = Annotated[int, Field(ge=15, le=3600, description="Seconds")]
