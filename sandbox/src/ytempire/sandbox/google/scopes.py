"""OAuth scopes the consent page knows, with the sentence a person reads."""

PREFIX = "https://www.googleapis.com/auth/"
FORCE_SSL = PREFIX + "youtube.force-ssl"
MONETARY = PREFIX + "yt-analytics-monetary.readonly"

SCOPES = {
    PREFIX + "youtube": "Manage your YouTube account",
    PREFIX + "youtube.upload": "Manage your YouTube videos (upload)",
    FORCE_SSL: "See, edit and permanently delete your YouTube videos, ratings, comments and captions",
    PREFIX + "youtube.readonly": "View your YouTube account",
    PREFIX + "yt-analytics.readonly": "View YouTube Analytics reports for your content",
    MONETARY: "View monetary and non-monetary YouTube Analytics reports for your content",
    PREFIX + "userinfo.email": "See your primary Google Account e-mail address",
    "openid": "Associate you with your personal information on Google",
}
