"""``linnet demo``: the main job on two real data sets, without a download."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for tables, models, reports and figures.")
    ] = Path("linnet-demo"),
) -> None:
    """Fit digits and diabetes, tell how good the models are, and draw figures."""
    from linnet.cli.demonstrating import demonstrate

    demonstrate(output)
