"""What the package promises as a whole: light to import, few names, layers that point one way."""

import subprocess
import sys
from importlib import import_module
from importlib.metadata import metadata
from importlib.resources import files
from pathlib import Path
from pkgutil import walk_packages

import pytest

import linnet

MODULES = [
    module.name
    for module in walk_packages(linnet.__path__, "linnet.")
    if "__main__" not in module.name
]
HEAVY = ["pyarrow", "dask", "matplotlib", "torch", "typer", "pandas", "sklearn", "scipy"]


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_importing_linnet_loads_nothing_heavy():
    loaded = run("import linnet, sys; print(*sys.modules)")

    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)


def test_using_the_measures_loads_no_scikit_learn():
    loaded = run("import linnet, sys; linnet.entropy([0.5, 0.5]); print(*sys.modules)")

    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_exports(name):
    module = import_module(name)

    assert module.__doc__
    assert all(hasattr(module, public) for public in module.__all__)
    # NumPy's own order: constants, classes, functions, as isort sorts them.
    assert len(set(module.__all__)) == len(module.__all__)


def test_the_public_names_exist_and_are_listed():
    assert all(hasattr(linnet, name) for name in linnet.__all__)
    assert set(linnet.__all__) <= set(dir(linnet))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = linnet.nothing


def test_the_package_is_typed_licensed_and_has_one_version():
    assert files("linnet").joinpath("py.typed").is_file()
    assert metadata("linnet")["License-Expression"] == "Apache-2.0"
    assert metadata("linnet")["Version"] == linnet.__version__


def test_imports_point_one_way():
    from importlinter.cli import lint_imports

    root = Path(__file__).parents[1]

    assert lint_imports(config_filename=str(root / "pyproject.toml"), no_cache=True) == 0
