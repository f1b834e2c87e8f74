"""How much memory a fit may take: as people write it, and what is left of it for the data."""

import ctypes
import os
import re
from pathlib import Path
from typing import Final

from linnet.errors import SettingError

__all__ = [
    "bytes_in_words",
    "memory_budget",
    "memory_for_data",
    "return_freed_memory",
    "text_block_bytes",
    "uncounted",
]

_PREFIXES: Final = ("", "K", "M", "G", "T")
_WRITTEN: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)
_SHARE: Final = 0.25
_LEAST: Final = 16 * 10**6
_ENOUGH: Final = 3 * _LEAST
# The rest is for what is not counted one by one.
_USABLE: Final = 0.95
# Of the memory for data, what a block of text may take: some are read ahead, and parsed.
_TEXT_SHARE: Final = 40
_LARGEST_TEXT: Final = 8 << 20
_LIBRARIES: Final = 256 * 10**6
# Options of glibc's mallopt, and from how many bytes on memory is the system's own.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
_LARGE: Final = 1 << 18
# A control group without a limit says a number near 2^63.
_CONTROL_GROUPS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_budget(memory: str | float | None) -> int:
    """Return a budget in bytes; ``None`` is a quarter of what the machine, or container, has.

    Raises
    ------
    SettingError
        If ``memory`` is not a size such as ``"200MB"``, ``"1.5 GiB"`` or a number of bytes.

    Examples
    --------
    >>> memory_budget("200MB"), memory_budget("1 GiB")
    (200000000, 1073741824)
    """
    if memory is None:
        return int(_SHARE * _machine())
    found = _WRITTEN.fullmatch(str(memory))
    if found is None or float(found[1]) == 0:
        raise SettingError(
            f"memory is {memory!r}: give a size such as '200MB' or '1.5GiB', or a number of bytes."
        )
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** _PREFIXES.index(found[2].upper()))


def memory_for_data(budget: int, besides: int = 0) -> int:
    """Return what the process leaves of a budget, in bytes.

    Parameters
    ----------
    budget : int
        What the process may take.
    besides : int
        What is taken by others in it, such as a database.

    What a process holds beyond the usual size of the libraries is its user's own, and not counted.
    Of a budget that leaves little beside the libraries their files are not counted either, which
    the system drops from memory where it is short of it: see `uncounted`.

    Raises
    ------
    SettingError
        If that is too little to go through data at all.
    """
    resident, private = _taken()
    usable = int(_USABLE * budget)
    left, taken = usable - resident - besides, private + besides
    if left < _ENOUGH:
        left = min(_ENOUGH, usable - taken)
    if left < _LEAST <= usable - private:
        # What a database keeps between two passes is counted among the process's own already.
        left = _LEAST
    if left < _LEAST:
        given, alone, least, enough = (
            bytes_in_words(float(size))
            for size in (budget, taken, _LEAST, (taken + 2 * _LEAST) / _USABLE)
        )
        raise SettingError(
            f"A memory of {given} is too little: this process alone takes {alone}, and going "
            f"through data {least} or more. Give at least {enough}."
        )
    return left


def text_block_bytes(budget: int) -> int:
    """Return how many bytes of text to read and parse at a time; see `memory_for_data`."""
    return min(_LARGEST_TEXT, memory_for_data(budget) // _TEXT_SHARE)


def uncounted(budget: int, besides: int = 0) -> str | None:
    """Say that program files are left out of account; ``None`` where a budget has room for them.

    The parameters are those of `memory_for_data`.
    """
    resident, private = _taken()
    if int(_USABLE * budget) - resident - besides >= _ENOUGH:
        return None
    files = bytes_in_words(float(resident - private))
    return (
        f"of the memory of {bytes_in_words(float(budget))} the {files} of program files in use are "
        "not counted: the system can drop them at need"
    )


def return_freed_memory() -> None:
    """Let freed memory go back to the system at once: Arrow's, and that of glibc.

    Else both keep what threads have freed, for later use, and a process that reads and encodes
    blocks holds several times what it uses. This goes for the whole process.
    """
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    for option, value in ((_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _LARGE), (_ARENA_MAX, 2)):
        mallopt(option, value)


def bytes_in_words(size: float) -> str:
    """Write a number of bytes.

    Examples
    --------
    >>> bytes_in_words(1234567.0), bytes_in_words(980.0)
    ('1.23 MB', '980 B')
    """
    power = 0
    while size >= 999.5 and power < len(_PREFIXES) - 1:
        size /= 1000
        power += 1
    return f"{size:.3g} {_PREFIXES[power]}B"


def _machine() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for file in _CONTROL_GROUPS:
        try:
            memory = min(memory, int(file.read_text()))
        except (OSError, ValueError):
            continue
    return memory


def _taken() -> tuple[int, int]:
    """Bytes that the process takes: in all, and without those of files; as libraries may."""
    try:
        sizes = Path("/proc/self/statm").read_text().split()
    except OSError:
        import resource

        # Elsewhere the peak is all that can be had: macOS gives it in bytes.
        peak = min(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, _LIBRARIES)
        return peak, peak
    resident, of_files = (int(pages) * os.sysconf("SC_PAGE_SIZE") for pages in sizes[1:3])
    return min(resident, _LIBRARIES), min(resident - of_files, _LIBRARIES)
