"""`python -m ytempire.media`: run the service until told to stop."""

from ytempire.chassis import run
from ytempire.media.bootstrap import DEFINITION

run(DEFINITION)
