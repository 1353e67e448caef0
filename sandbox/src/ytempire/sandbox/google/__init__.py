"""Stand-ins for Google OAuth, YouTube Data API v3, YouTube Analytics API v2 and YouTube's channel pages.

A client of the vendor's SDK reaches them so (``BASE`` is the sandbox's root, without a trailing slash)::

    doc = json.loads(discovery_cache.get_static_doc("youtube", "v3"))
    doc["rootUrl"] = doc["baseUrl"] = BASE + "/youtube/"          # "/youtubeanalytics/" for youtubeAnalytics v2
    doc.pop("mtlsRootUrl", None)
    http = httplib2.Http(ca_certs=CA)
    http.redirect_codes = http.redirect_codes - {308}             # 308 is "go on" of a resumable upload
    service = build_from_document(doc, http=AuthorizedHttp(credentials, http=http))

Consent page, token, revoke: :mod:`ytempire.sandbox.google.oauth`. Switches of the fault plan (``POST
/control/faults`` with ``{"provider": "youtube", "action": "provider", "name": ...}``): ``quota_exceeded``, ``expire``
(401 once), ``suspended``, ``locked_private``, ``processing_failed``, ``rejected``, ``upload_limit``,
``phone_unverified``, ``mid_chunk_503``, ``short_range``, ``session_expired``; provider ``google-oauth``: ``revoke``
(at the next refresh). ``locked_private`` and its like are drawn when an upload is complete.
"""
