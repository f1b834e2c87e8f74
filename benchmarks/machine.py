"""The machine that figures were measured on, and the versions of what ran."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["machine"]

PACKAGES = (
    "linnet",
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-learn-intelex",
    "torch",
    "cyanure",
    "adelie",
    "skglm",
    "glum",
    "vowpalwabbit",
)


def machine(threads: int) -> dict[str, str]:
    """Processor, cores, threads, versions and the date, by name."""
    from linnet.versions import versions

    ours = versions()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "threads": str(threads),
        "memory": _memory(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "engine": f"{ours['engine']}, {ours['instruction set']}",
        "BLAS of NumPy": ours["BLAS"],
        **{name: _installed(name) for name in PACKAGES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "unknown")


def _memory() -> str:
    if not hasattr(os, "sysconf"):
        return "unknown"
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
