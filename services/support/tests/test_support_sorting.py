"""Sentences as customers write them, and what becomes of each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ytempire.support.adapters.phrase_tables import load_tables
from ytempire.support.domain.answers import TEMPLATES, answer_for, closes
from ytempire.support.domain.categories import CATEGORIES, Categorised, categorise
from ytempire.support.domain.signals import signals_in
from ytempire.support.domain.text import compiled, plain

TABLES = load_tables()

SENTENCES = [
    # subject, message, category, answer
    ("My video has no sound", "I played it twice and there is nothing to hear.", "technical_issue", "no_sound"),
    ("Silence", "The new upload is completely silent on my phone and laptop.", "technical_issue", "no_sound"),
    ("Problem", "I can't hear the narrator in yesterday's video at all.", "technical_issue", "no_sound"),
    ("Audio missing", "Half way through the audio is gone.", "technical_issue", "no_sound"),
    ("Stuck", "My video is stuck at 20 percent since this morning.", "technical_issue", "video_failed"),
    ("Rendering failed again", "The job stopped with an error at narration.", "technical_issue", "video_failed"),
    ("Black screen", "The file only shows a black picture from the start.", "technical_issue", "technical_issue"),
    ("Dashboard", "The dashboard does not load in Firefox, just a blank page.", "technical_issue", "technical_issue"),
    ("Error 500", "Saving my preferences gives an error message.", "technical_issue", "technical_issue"),
    ("Password", "I forgot my password and cannot log in on the tablet.", "technical_issue", "login_problem"),
    ("Download", "I cannot download the finished file, the button does nothing.", "technical_issue", "technical_issue"),
    ("Invoice", "Where can I find the invoice for March?", "billing_question", "billing_invoice"),
    ("Receipts", "How do I download my receipts for the accountant?", "billing_question", "billing_invoice"),
    ("Charged twice", "My card was charged twice this month.", "billing_question", "billing_question"),
    (
        "Please cancel",
        "I want to cancel my subscription next month.",
        "billing_question",
        "cancel_subscription",
    ),
    ("Refund", "I would like my money back for the last payment.", "billing_question", "refund_request"),
    ("Plan", "How do I upgrade from Starter to the Growth plan?", "billing_question", "billing_question"),
    ("Trial", "When does my free trial end and what is the price then?", "billing_question", "billing_question"),
    ("VAT", "Can you put our VAT number and company address on the bill?", "billing_question", "billing_question"),
    ("Card declined", "My card was declined although there is money on it.", "billing_question", "billing_question"),
    ("The voice", "The narration sounds robotic and mispronounces names.", "content_quality", "content_quality"),
    (
        "Wrong facts",
        "The script says Rome is from 1853, which is not true.",
        "content_quality",
        "content_quality",
    ),
    ("Pictures", "The visuals do not match what is being said.", "content_quality", "content_quality"),
    ("Captions", "The subtitles are out of sync by two seconds.", "content_quality", "content_quality"),
    ("Thumbnail", "I don't like the thumbnail, it looks cheap.", "content_quality", "content_quality"),
    ("Boring", "The script is boring and repeats itself.", "content_quality", "content_quality"),
    ("Music", "The background music is louder than the speaker.", "content_quality", "content_quality"),
    ("Off topic", "The video ignored my brief and talks about something else.", "content_quality", "content_quality"),
    ("Upload failed", "The video was rendered but the upload to YouTube failed.", "youtube_problem", "publish_failed"),
    ("Not published", "My video was not published on the channel last night.", "youtube_problem", "publish_failed"),
    ("Disconnected", "My channel got disconnected again this week.", "youtube_problem", "channel_disconnected"),
    ("Reconnect", "How do I reconnect my channel?", "youtube_problem", "channel_disconnected"),
    ("Copyright claim", "Somebody claimed the music in our video on YouTube.", "youtube_problem", "youtube_problem"),
    ("Strike", "We got a community guidelines strike for this upload.", "youtube_problem", "youtube_problem"),
    ("Demonetised", "YouTube says our channel has reused content.", "youtube_problem", "youtube_problem"),
    ("Wrong channel", "The video went to the wrong channel.", "youtube_problem", "youtube_problem"),
    ("No views", "The analytics show zero views since Monday.", "youtube_problem", "youtube_problem"),
    ("Idea", "It would be great to have a dark mode.", "feature_request", "feature_request"),
    ("TikTok", "Could you add support for vertical videos on TikTok?", "feature_request", "feature_request"),
    ("Languages", "Please add Spanish voices.", "feature_request", "feature_request"),
    ("API", "Is there any way to get API access for our team?", "feature_request", "feature_request"),
    ("Feature request", "Bulk import of topics from a spreadsheet.", "feature_request", "feature_request"),
    ("Own logo", "I wish we could use our own intro and logo.", "feature_request", "feature_request"),
    ("Help", "Viewers comment that they can hear nothing", "technical_issue", "no_sound"),
    ("Video question", "My video has no sound when I watch it on YouTube.", "technical_issue", "no_sound"),
    ("App is slow", "Loading my list of videos takes a minute", "technical_issue", "technical_issue"),
    ("2FA", "the login code never arrives", "technical_issue", "login_problem"),
    ("I was billed after I cancelled", "please fix", "billing_question", "billing_question"),
    ("Failed video", "I was charged for a video that failed to render", "billing_question", "billing_question"),
    ("the voice is horrible", "sounds like a robot reading a phone book", "content_quality", "content_quality"),
    ("Accuracy", "the numbers in the video are wrong", "content_quality", "content_quality"),
    ("thumbnail not set", "YouTube refuses the custom thumbnail", "youtube_problem", "youtube_problem"),
    ("publishing", "nothing gets published on any of my channels!!", "youtube_problem", "publish_failed"),
    ("Team", "Do you plan to offer team accounts?", "feature_request", "feature_request"),
    ("Hello", "Hello there.", "technical_issue", "received"),
    ("Hilfe", "Das geht so nicht weiter.", "technical_issue", "received"),
]


@pytest.mark.parametrize(("subject", "message", "category", "answer"), SENTENCES, ids=[s[1][:40] for s in SENTENCES])
def test_a_sentence_is_sorted_and_answered(subject: str, message: str, category: str, answer: str) -> None:
    found = categorise(TABLES.phrases, subject, message)
    assert (found.category, answer_for(found).template) == (category, answer), found


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category_has_at_least_forty_phrases(category: str) -> None:
    assert sum(phrase.category == category for phrase in TABLES.phrases) >= 40


def test_no_phrase_stands_twice() -> None:
    told = [(phrase.category, phrase.pattern.pattern) for phrase in TABLES.phrases]
    assert len(told) == len(set(told))


def test_nothing_known_is_a_guess_among_five() -> None:
    assert categorise(TABLES.phrases, "xyzzy", "qwertz") == Categorised(
        "technical_issue", 0.2, None, dict.fromkeys(CATEGORIES, 0.0)
    )


def test_the_subject_weighs_more_than_the_message() -> None:
    assert categorise(TABLES.phrases, "refund", "upload").category == "billing_question"
    assert categorise(TABLES.phrases, "strike", "refund").category == "youtube_problem"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_has_a_category_and_a_share(subject: str, message: str) -> None:
    found = categorise(TABLES.phrases, subject, message)
    assert found.category in CATEGORIES
    assert 0 < found.confidence <= 1
    assert found == categorise(TABLES.phrases, subject, message)
    assert answer_for(found).template in TEMPLATES


def test_the_longest_message_is_sorted() -> None:
    # a pattern that backtracks without end would never come back
    assert categorise(TABLES.phrases, "a" * 200, ("how where is no video charged " * 400)[:10_000]).confidence > 0


def test_a_how_to_question_closes_only_when_nothing_is_wrong() -> None:
    asked = categorise(TABLES.phrases, "Invoice", "Where can I find the invoice for March?")
    assert closes(answer_for(asked), asked, "normal", job_troubled=False)
    assert not closes(answer_for(asked), asked, "high", job_troubled=False)
    assert not closes(answer_for(asked), asked, "normal", job_troubled=True)
    complaint = categorise(TABLES.phrases, "Disconnected", "My channel got disconnected again.")
    assert not closes(answer_for(complaint), complaint, "normal", job_troubled=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My card was charged twice", {"money_lost"}),
        ("Urgent! The render hangs", {"hurry", "about_video"}),
        ("No rush, just a small question", {"no_hurry"}),
        ("Nothing was published for days", {"nothing_published", "about_video"}),
        ("Someone else logged into my account", {"account_at_risk"}),
        ("This is not urgent", {"hurry", "no_hurry"}),
        ("Good morning", set()),
    ],
)
def test_signals(text: str, expected: set[str]) -> None:
    assert signals_in(TABLES.signals, text, "") == expected


def test_plain_words() -> None:
    assert plain("Can’t hear it!\nSound_off -- at 10:15?") == "cant hear it / sound off at 10 15 /"


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("no sound|audio", "there is no audio at all", True),
        ("no sound", "there is no any sound", False),
        ("no ... sound", "there is no any sound", True),
        ("no ... sound", "no / the sound is fine", False),
        ("no ... sound", "no one two three four five sound", False),
        ("charg*", "they charged me", True),
        ("charg*", "discharged", False),
    ],
)
def test_patterns(pattern: str, text: str, found: bool) -> None:
    assert bool(compiled(pattern).search(text)) is found


@pytest.mark.parametrize("pattern", ["", "... sound", "no (sound)", "no |sound", "don't"])
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="phrase"):
        compiled(pattern)
