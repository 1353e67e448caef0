"""Rules for a video's texts and flags, with the reasons YouTube gives when it refuses them."""

from datetime import datetime
from typing import Any

from ytempire.sandbox.google.errors import bad_body
from ytempire.sandbox.google.times import exact, parse

# Categories a US channel may choose (videoCategories.list, assignable).
CATEGORIES = {
    "1": "Film & Animation",
    "2": "Autos & Vehicles",
    "10": "Music",
    "15": "Pets & Animals",
    "17": "Sports",
    "19": "Travel & Events",
    "20": "Gaming",
    "22": "People & Blogs",
    "23": "Comedy",
    "24": "Entertainment",
    "25": "News & Politics",
    "26": "Howto & Style",
    "27": "Education",
    "28": "Science & Technology",
    "29": "Nonprofits & Activism",
}
MOST_TITLE, MOST_DESCRIPTION_BYTES, MOST_TAG_CHARS = 100, 5000, 500


def read_snippet(snippet: dict[str, Any], *, update: bool) -> dict[str, Any]:
    """The mutable properties of a snippet; an update replaces them all, so title and category are required then."""
    title = snippet.get("title", "" if update else "unknown")
    if not title.strip() or len(title) > MOST_TITLE or _angled(title):
        message = f"The request metadata specifies an invalid or empty video title (1 to {MOST_TITLE}, no <>)."
        raise bad_body("snippet.title", message, "invalidTitle")
    description = snippet.get("description", "")
    if len(description.encode()) > MOST_DESCRIPTION_BYTES or _angled(description):
        message = f"The request metadata specifies an invalid description ({MOST_DESCRIPTION_BYTES} bytes, no <>)."
        raise bad_body("snippet.description", message, "invalidDescription")
    category = snippet.get("categoryId", "" if update else "22")
    if category not in CATEGORIES:
        message = f"The snippet.categoryId property is not a category that videos may have: '{category}'."
        raise bad_body("snippet.categoryId", message, "invalidCategoryId")
    return {
        "title": title,
        "description": description,
        "tags": _tags(snippet.get("tags", [])),
        "category_id": category,
        "language": snippet.get("defaultLanguage"),
        "audio_language": snippet.get("defaultAudioLanguage"),
    }


def _angled(text: str) -> bool:
    return "<" in text or ">" in text


def _tags(tags: list[str]) -> list[str]:
    # Tags with a space count with their quotation marks, and each but the last with a comma.
    length = sum(len(tag) + (2 if " " in tag else 0) for tag in tags) + max(0, len(tags) - 1)
    if length > MOST_TAG_CHARS or any(_angled(tag) for tag in tags):
        message = f"The request metadata specifies invalid video keywords (together {MOST_TAG_CHARS} characters)."
        raise bad_body("snippet.tags", message, "invalidTags")
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def read_status(status: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The mutable properties of a status; ``madeForKids`` and the others are read-only and ignored.

    A missing privacy means public, as on the real service.
    """
    privacy = status.get("privacyStatus", "public")
    publish_at = None
    if status.get("publishAt"):
        publish_at = _publish_at(status["publishAt"], privacy)
        if publish_at <= now:
            privacy, publish_at = "public", None
    return {
        "privacy": privacy,
        "publish_at": exact(publish_at) if publish_at else None,
        "license": status.get("license", "youtube"),
        "embeddable": status.get("embeddable", True),
        "public_stats": status.get("publicStatsViewable", True),
        "made_for_kids": status.get("selfDeclaredMadeForKids"),
        "synthetic": status.get("containsSyntheticMedia"),
    }


def _publish_at(text: str, privacy: str) -> datetime:
    if privacy != "private":
        message = "The status.publishAt property can only be set while status.privacyStatus is private."
        raise bad_body("status.publishAt", message, "invalidPublishAt")
    try:
        return parse(text)
    except ValueError:
        message = f"The status.publishAt property is no RFC 3339 time with a zone: '{text}'."
        raise bad_body("status.publishAt", message, "invalidPublishAt") from None


def read_placement(details: dict[str, Any]) -> dict[str, Any]:
    """The paid product placement flag."""
    return {"paid_placement": bool(details.get("hasPaidProductPlacement", False))}
