"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

VarOption = Annotated[Path, typer.Option("--var", envvar="YTEMPIRE_VAR", help="Folder of this platform's data.")]
DEFAULT_VAR = Path("var")
