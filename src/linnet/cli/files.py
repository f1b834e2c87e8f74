"""Files to be written are checked before long work begins, so that none is lost or in vain."""

from pathlib import Path

from linnet.cli.terminal import note
from linnet.errors import SettingError

__all__ = ["check_folder", "check_output"]


def check_output(output: Path, *inputs: Path) -> None:
    """Check that a file can be written, and would not replace what is read.

    Raises
    ------
    SettingError
        If ``output`` is a folder, or in none, or is one of the inputs.
    """
    if output.is_dir():
        raise SettingError(f"{output}: this is a folder. Name a file in it.")
    if not output.parent.is_dir():
        raise SettingError(f"{output}: there is no folder {output.parent}. Make it first.")
    if output.is_file():
        if any(each.is_file() and output.samefile(each) for each in inputs):
            raise SettingError(f"{output}: this file is an input. Name another one to write.")
        note(f"{output} is replaced")


def check_folder(folder: Path) -> None:
    """Check that files can be written to a folder, which need not exist yet.

    Raises
    ------
    SettingError
        If it is a file, or its own folder does not exist.
    """
    if folder.exists() and not folder.is_dir():
        raise SettingError(f"{folder}: this is a file, and a folder is needed. Name another.")
    if not folder.parent.is_dir():
        raise SettingError(f"{folder}: there is no folder {folder.parent}. Make it first.")
