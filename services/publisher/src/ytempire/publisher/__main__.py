"""`python -m ytempire.publisher`: run the service until told to stop."""

from ytempire.chassis import run
from ytempire.publisher.bootstrap import DEFINITION

run(DEFINITION)
