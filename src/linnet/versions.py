"""What linnet runs on: its engine and instruction set, and the versions of what it builds on."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

__all__ = ["show_versions", "versions"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "pyarrow")


def versions() -> dict[str, str]:
    """Give what :func:`show_versions` shows, name by name.

    Examples
    --------
    >>> from linnet.versions import versions
    >>> sorted(set(versions()) - {"numpy", "scipy", "scikit-learn", "pyarrow"})
    ['BLAS', 'engine', 'instruction set', 'linnet', 'machine', 'python', 'threads']
    """
    from linnet.engine import engine_name, thread_count
    from linnet.engine.native import instruction_set

    native = engine_name() == "native"
    return {
        "linnet": version("linnet"),
        "engine": "native" if native else f"reference ({_why_reference()})",
        "instruction set": instruction_set() if native else "that of NumPy",
        "threads": str(thread_count()),
        "BLAS": _blas(),
        "python": platform.python_version(),
        **{package: _installed(package) for package in PACKAGES},
        "machine": f"{platform.system()} {platform.machine()}",
    }


def show_versions() -> None:
    """Print the version of linnet, the engine that runs, and what it builds on.

    The native engine is several times faster than the reference, which stands in where linnet
    was installed without a C++ compiler.
    """
    found = versions()
    width = max(map(len, found))
    sys.stdout.write("".join(f"{name:<{width}}  {value}\n" for name, value in found.items()))


def _why_reference() -> str:
    from linnet.engine.native import is_built

    if is_built():
        return "LINNET_ENGINE asks for it"
    return (
        "the native engine was not built: install GCC 12 or newer, or Clang, and install linnet "
        "again"
    )


def _blas() -> str:
    # It lists the libraries that are loaded: NumPy and SciPy each bring their own.
    import numpy as np
    import scipy.linalg
    from threadpoolctl import threadpool_info

    del np, scipy
    found = {
        f"{library['internal_api']} {library['version']} "
        f"({library.get('architecture', 'unknown')}, {library['num_threads']} threads)"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return ", ".join(sorted(found)) or "unknown"


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
