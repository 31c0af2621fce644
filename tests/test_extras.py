import hashlib
import json
from pathlib import Path

import pytest

from maskwise.errors import MissingExtra
from maskwise.extras import load, read_weights, require


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


def test_weights_are_read_from_their_package_if_they_are_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some_weights" / "models").mkdir(parents=True)
    (tmp_path / "some_weights" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "some_weights" / "models" / "a.bin").write_bytes(b"numbers")
    monkeypatch.syspath_prepend(tmp_path)
    asked = {"of": "A", "package": "some_weights", "file": "models/a.bin", "install": "pip it"}
    known = hashlib.sha256(b"numbers").hexdigest()
    assert read_weights(**asked, sha256=known) == b"numbers"
    for change in ({"sha256": "0" * 64}, {"file": "b.bin"}, {"package": "no_such_package"}):
        with pytest.raises(MissingExtra, match=r"weights of A .* Install them: pip it\."):
            read_weights(**{**asked, "sha256": known, **change})
