"""``python -m osteon``."""

from osteon.cli import main

if __name__ == "__main__":
    main()
