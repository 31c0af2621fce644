import json

import pytest

from maskwise.errors import MissingExtra
from maskwise.extras import load, require


def test_loads_what_is_there() -> None:
    assert load("json", extra="train") is json


def test_names_the_install_command() -> None:
    with pytest.raises(
        MissingExtra, match=r"needs no_such_library.*pip install 'maskwise\[train\]'"
    ):
        load("no_such_library.part", extra="train")


def test_names_a_library_that_is_in_no_extra() -> None:
    with pytest.raises(MissingExtra, match=r"pip install no_such_library$"):
        load("no_such_library.part", extra=None)


def test_requires_without_loading() -> None:
    require("json", extra="train")
    with pytest.raises(
        MissingExtra, match=r"needs no_such_library.*pip install 'maskwise\[train\]'"
    ):
        require("no_such_library", extra="train")


def test_our_own_missing_module_is_not_blamed_on_the_user() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"maskwise\.no_such_part") as caught:
        load("maskwise.no_such_part", extra="train")
    assert not isinstance(caught.value, MissingExtra)
