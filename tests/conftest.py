"""What every test shares: Hypothesis without a clock, and where the real data lie."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Machines are shared, so a slow example says nothing about the code.
settings.register_profile("linnet", deadline=None)
settings.load_profile("linnet")

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data():
    """Path of a file of the real data, or a skip that says where it was looked for."""

    def find(name):
        file = DATA / name
        if not file.exists():
            pytest.skip(f"needs {name} in ../shared/data or $LINNET_DATA")
        return file

    return find
