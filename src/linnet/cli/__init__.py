"""The command ``linnet``: fit, predict and evaluate on tables in files."""

import sys

from linnet.cli.running import run

__all__ = ["main", "run"]


def main() -> None:
    """Run the command with the arguments of this process, and end it with the exit code."""
    sys.exit(run(sys.argv[1:]))
