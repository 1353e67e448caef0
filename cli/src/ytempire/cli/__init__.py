"""The `ytempire` command: embedded servers, the supervisor, and the tools around them."""

import sys

MINIMUM_PYTHON = (3, 11)

if sys.version_info[:2] < MINIMUM_PYTHON:
    found = ".".join(map(str, sys.version_info[:3]))
    sys.stderr.write(f"ytempire: this is Python {found}; make the environment with Python 3.11 or newer.\n")
    sys.exit(2)
