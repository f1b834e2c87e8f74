"""``python -m linnet`` is the command ``linnet``."""

from linnet.cli import main

if __name__ == "__main__":
    main()
