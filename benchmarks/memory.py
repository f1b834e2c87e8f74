"""The most memory that a process holds while it does something."""

import resource
import sys
from pathlib import Path

__all__ = ["forget_peak", "peak_bytes", "resident_bytes"]

STATUS = Path("/proc/self/status")


def forget_peak() -> None:
    """Begin to watch for the peak anew, where the system can (Linux)."""
    if STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")


def resident_bytes() -> int:
    """Memory held now; where the system does not tell, the most held so far."""
    return _field("VmRSS") if STATUS.exists() else _largest()


def peak_bytes() -> int:
    """Most memory held since :func:`forget_peak`; elsewhere than on Linux since the start."""
    return _field("VmHWM") if STATUS.exists() else _largest()


def _field(name: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return 1024 * int(line.split()[1])


def _largest() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
