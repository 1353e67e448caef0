"""Stand-in for Awin's publisher API and its tracking links (root ``/awin``).

* ``GET /awin/publishers/{id}/programmes?relationship=joined``
* ``POST /awin/publishers/{id}/linkbuilder/generate``: a tracking link that carries ``clickref``
* ``GET /awin/publishers/{id}/transactions/?startDate&endDate&timezone&dateType`` (at most 31 days)
* ``GET /awin/cread?awinmid&awinaffid&clickref&ued``: what a viewer follows; records the click and redirects

Bearer token; 20 calls a minute and token, measured on the virtual clock so that a client that keeps the limit in its
own time is never refused because the test runs faster. Sales come from the videos: see
:mod:`ytempire.sandbox.awin.sales`. Fault switch (provider ``awin``, action ``provider``): ``declined``.
"""
