"""The way in: what `maskwise` and `python -m maskwise` start."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C is heeded even while it loads."""
    try:
        from maskwise.cli.main import run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
