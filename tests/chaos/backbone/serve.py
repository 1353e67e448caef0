"""One process of the reference system: ``python -m tests.chaos.backbone.serve billing``."""

import sys

from tests.chaos.backbone.reference import DEFINITIONS

from ytempire.chassis import run

if __name__ == "__main__":
    run(DEFINITIONS[sys.argv[1]])
