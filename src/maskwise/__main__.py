"""Lets `python -m maskwise` do what `maskwise` does."""

from maskwise.cli.main import run

run()
