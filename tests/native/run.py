"""Compile the native engine for another machine, and run the engine's tests on that one emulated.

python tests/native/run.py --target aarch64 [arguments of pytest]
python tests/native/run.py --target portability

The first builds a static program for 64-bit ARM and runs the tests of the engine with it. The
second only compiles, for Linux and macOS on both processors, and takes every warning as an error.
"""

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CPP = ROOT / "src" / "linnet" / "engine" / "cpp"
CODES = ROOT / "src" / "linnet" / "codes" / "cpp"
BUILD = ROOT / "build" / "native"

# CMakeLists.txt has the same; _native is the module's file for Python, and stays out.
SOURCES = ["pass", "moments_pass", "walk", "dual", "team", "dispatch"]
KERNEL_FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden"]
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
X86 = {
    "baseline": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mavx2", "-mfma"],
}
ARM = {"baseline": []}
TARGETS = {
    "aarch64-linux-gnu.2.28": ARM,
    "aarch64-macos": ARM,
    "x86_64-linux-gnu.2.28": X86,
    # The oldest that the engine asks for.
    "x86_64-macos.10.14": X86,
}
TESTS = ["native", "hessian", "thinning", "descent", "dual", "row_space", "running"]
# What module.cpp refuses and how threads are stopped are not the kernels' doing.
NOT_EMULATED = [
    "hessian.py::test_moments_of_rows_that_are_not_there_are_refused",
    "thinning.py::test_pairs_that_do_not_fit_the_rows_are_refused",
    "descent.py::test_a_walk_reads_read_only_arrays_and_refuses_rows_that_there_are_not",
    "running.py::test_a_pass_can_be_interrupted",
    "descent.py::test_a_walk_can_be_interrupted",
    "running.py::test_a_forked_child_has_threads_of_its_own",
]


def need(module: str, package: str) -> None:
    if find_spec(module) is None:
        sys.exit(
            f"{module} is not installed. Install the compiler and the emulator with "
            f"'python -m pip install ziglang unicorn' ({package} is missing)."
        )


def compile_with_zig(target: str, arguments: list[str | Path]) -> None:
    flags = ["-target", target, "-std=gnu++17", *KERNEL_FLAGS, *WARNINGS, f"-I{CPP}"]
    command = [sys.executable, "-m", "ziglang", "c++", *flags, *map(str, arguments)]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit(f"The engine does not compile for {target}: see above.")


def check_portability() -> None:
    """Compile each file for each target and instruction set."""
    for target, sets in TARGETS.items():
        for name, flags in sets.items():
            for file in (CPP / "kernels.cpp", CODES / "products.cpp"):
                object_file = BUILD / f"{file.stem}-{name}-{target}.o"
                settings = [f"-DLINNET_SIMD={name}", *flags]
                compile_with_zig(target, ["-c", file, *settings, "-o", object_file])
        for source in SOURCES:
            object_file = BUILD / f"{source}-{target}.o"
            compile_with_zig(target, ["-c", CPP / f"{source}.cpp", "-o", object_file])
        sys.stdout.write(f"{target}: {', '.join(sets)} compile without a warning\n")


def build_server() -> Path:
    program = BUILD / "server-aarch64"
    sources = [CPP / f"{name}.cpp" for name in ["kernels", *SOURCES]]
    arguments = ["-static", "-DLINNET_SIMD=baseline", *sources, HERE / "server.cpp"]
    compile_with_zig("aarch64-linux-musl", [*arguments, "-o", program])
    return program


def run_tests(program: Path, arguments: list[str]) -> int:
    """Run pytest with the emulated engine in the place of the extension module."""
    environment = os.environ | {
        "LINNET_EMULATED": str(program),
        "PYTHONPATH": str(HERE),
        # The settings of a user who tries other engines must not choose this one's.
        "LINNET_ENGINE": "native",
        "LINNET_SIMD": "",
    }
    tests = [f"tests/test_engine_{name}.py" for name in TESTS]
    left_out = [f"--deselect=tests/test_engine_{name}" for name in NOT_EMULATED]
    command = [sys.executable, "-m", "pytest", "-p", "emulated", "-n0", *left_out]
    return subprocess.run(
        [*command, *tests, *arguments], check=False, cwd=ROOT, env=environment
    ).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", choices=["aarch64", "portability"], default="aarch64")
    chosen, arguments = parser.parse_known_args()
    need("ziglang", "a C++ compiler for many machines")
    BUILD.mkdir(parents=True, exist_ok=True)
    if chosen.target == "portability":
        check_portability()
        return 0
    need("unicorn", "an emulator of processors")
    return run_tests(build_server(), arguments)


if __name__ == "__main__":
    sys.exit(main())
