"""The command ``linnet``: fit, predict and evaluate on tables in files."""

import sys
from io import TextIOWrapper

from linnet.cli.running import run

__all__ = ["main", "run"]


def main() -> None:
    """Run the command with the arguments of this process, and end it with the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show ŷ shows ?, which is better than nothing at all.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))
