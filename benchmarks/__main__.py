"""The command: python -m benchmarks [CASES...]."""

from benchmarks.command import main

if __name__ == "__main__":
    main()
