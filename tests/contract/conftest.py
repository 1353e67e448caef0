"""Helper modules of these tests lie beside them; pytest's import mode leaves the folder off the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
