"""The two services of the reference system.

Apart from its events: an event that is defined in a process is part of that process' public language, and whoever
checks the product's language must not find the reference system's in it.
"""

PRODUCER, CONSUMER = "billing", "analytics"
