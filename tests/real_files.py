"""Where the real data lie: the one place that looks for them."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


def real(name):
    """Path of a file of the real data, or a skip that says where it was looked for."""
    file = DATA / name
    if not file.exists():
        pytest.skip(f"needs {name} in ../shared/data or $LINNET_DATA")
    return file
