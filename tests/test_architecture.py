"""Who may import whom: the lower line never imports the upper, neighbours never each other."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import maskwise
from pictures import draw_picture

SOURCE = Path(maskwise.__file__).parent
LAYERS = [  # from the bottom up; docs/architecture.md shows the same
    {"errors"},
    {
        "labels",
        "extras",
        "durable",
        "names",
        "signatures",
        "boxes",
        "intervals",
        "telemetry",
        "child",
        "allocator",
    },
    {"images", "results", "pages"},
    {"tracking"},
    {"preprocess", "outputs"},
    {"dataset", "model", "faces"},
    {"runs", "sources"},
    {"inference"},
    {"evaluation"},
    {"training"},
    {"search"},
    {"exporters"},
    {"streams", "service", "distributed"},
    {"cli"},
]
HEAVY = {"tensorflow", "keras", "ray", "fastapi", "matplotlib", "sklearn"}
OF_EXTRAS = HEAVY | {
    "av",
    "filelock",
    "jinja2",
    "optuna",
    "paho",
    "prometheus_client",
    "pydantic",
    "scipy",
    "starlette",
    "uvicorn",
    "yaml",
}  # what a plain install has not


def modules() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*.py")):
        if path.parent != SOURCE or path.stem not in ("__init__", "__main__"):
            yield path


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def parts_imported(path: Path) -> set[str]:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load":
            imported.update(str(name.value) for name in node.args if isinstance(name, ast.Constant))
    return {name.split(".")[1] for name in imported if name.startswith("maskwise.")}


def layer_of(part: str) -> int:
    return next(height for height, parts in enumerate(LAYERS) if part in parts)


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_only_point_down(path: Path) -> None:
    own = part_of(path)
    for other in parts_imported(path) - {own}:
        assert layer_of(other) < layer_of(own), f"{own} must not import {other}"


def test_every_part_has_its_layer() -> None:
    assert {part_of(path) for path in modules()} == set().union(*LAYERS)


def loaded_by(code: str) -> set[str]:
    probe = f"import sys\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import maskwise; maskwise.MaskDetector", id="deciding"),
        pytest.param("import maskwise; maskwise.Dataset, maskwise.read_image", id="reading"),
        pytest.param("from maskwise.cli.main import _app; _app([])", id="command line"),
        pytest.param("from maskwise.dataset.drawn import draw_sample_set", id="drawing"),
    ],
)
def test_light_things_load_nothing_heavy(code: str) -> None:
    assert not loaded_by(code) & OF_EXTRAS


def test_importing_the_package_loads_not_even_numpy() -> None:
    assert not loaded_by("import maskwise") & (HEAVY | {"numpy", "PIL"})


def test_who_wants_one_answer_waits_for_nothing_else(tmp_path: Path) -> None:
    draw_picture(0, masked=True).save(tmp_path / "a.png")
    loaded = loaded_by(
        "from maskwise.cli.main import _exit_code\n"
        f"assert _exit_code(['detect', {str(tmp_path / 'a.png')!r}]) == 0"
    )
    assert "onnxruntime" in loaded
    assert not loaded & {"rich", "ssl", "http", "multiprocessing", "concurrent", *OF_EXTRAS}


def test_no_unsafe_deserialisation() -> None:
    banned = ("pickle.load", "joblib", "safe_mode=False", "allow_pickle=True", "load_model(")
    for path in modules():
        text = path.read_text(encoding="utf-8")
        assert not [word for word in banned if word in text], path
