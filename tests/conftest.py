"""What every test shares: Hypothesis without a clock, the real data, and the command line."""

import os

import pytest
from hypothesis import settings

from real_files import real

# Machines are shared, so a slow example says nothing about the code.
# Where CI is set the examples are the same each time: a failure there is the change's own. Every
# other run draws new ones.
settings.register_profile("linnet", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("linnet")


@pytest.fixture(scope="session")
def real_data():
    """Find a file of the real data by name."""
    return real


@pytest.fixture
def linnet(capsys, tmp_path, monkeypatch):
    """Run a command in an empty folder; give its exit code, output and messages."""
    from linnet.cli import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINNET_DEBUG", raising=False)

    def command(*arguments):
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command
