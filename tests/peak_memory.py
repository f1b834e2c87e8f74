"""What a command takes of memory at its peak, in a process of its own."""

import subprocess
import sys
from dataclasses import dataclass

_WATCHED = """
import sys
from pathlib import Path
from threading import Event, Thread
from linnet.cli import run
from linnet.data.reading import read_table

private, done = [0], Event()

def watch():
    while not done.wait(0.005):
        _, resident, of_files, *_ = map(int, Path("/proc/self/statm").read_text().split())
        private.append(resident - of_files)

if __name__ == "__main__":
    watcher = Thread(target=watch)
    watcher.start()
    code = run(sys.argv[1:])
    done.set()
    watcher.join()
    peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
    print(int(peak) * 1024 // 10**6, max(private) * 4096 // 10**6)
    sys.exit(code)
"""


@dataclass(frozen=True)
class Peak:
    """Megabytes at the peak: all that is in memory, and without the pages of files."""

    resident: int
    private: int
    said: str


def peak_of(*arguments):
    """Run a command of linnet, which must not fail; Linux alone tells what it takes."""
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    resident, private = map(int, done.stdout.split()[-2:])
    return Peak(resident, private, " ".join(done.stderr.split()))
