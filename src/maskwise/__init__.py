"""Says for every face in a picture whether a mask is worn, not worn, or worn wrongly.

    import maskwise as mw

    run = mw.train("photos/", recipe="reference", out="runs/reference")
    print(mw.evaluate("runs/reference").to_markdown())

    mw.export("runs/reference", "bundle", formats=["onnx"])

    detector = mw.MaskDetector.load()  # the bundle that comes with maskwise
    faces = detector(mw.read_image("street.jpg"))

The names below are all there is to the public interface. Each is loaded on first use (PEP 562),
so that importing the package costs next to nothing.
"""

from typing import TYPE_CHECKING, Any, Final

from maskwise.extras import load

__version__ = "0.1.0"

if TYPE_CHECKING:
    from maskwise.dataset.dataset import Dataset
    from maskwise.errors import MaskwiseError
    from maskwise.evaluation.comparison import compare
    from maskwise.evaluation.judge import evaluate
    from maskwise.exporters.export import export
    from maskwise.images import read_image
    from maskwise.inference.pipeline import MaskDetector
    from maskwise.labels import LABELS
    from maskwise.outputs.draw import draw
    from maskwise.results import Faces
    from maskwise.service.client import Client
    from maskwise.training.fit import train

__all__ = [
    "LABELS",
    "Client",
    "Dataset",
    "Faces",
    "MaskDetector",
    "MaskwiseError",
    "__version__",
    "compare",
    "draw",
    "evaluate",
    "export",
    "read_image",
    "train",
]

_HOME: Final = {
    "LABELS": "maskwise.labels",
    "Client": "maskwise.service.client",
    "Dataset": "maskwise.dataset.dataset",
    "Faces": "maskwise.results",
    "MaskDetector": "maskwise.inference.pipeline",
    "MaskwiseError": "maskwise.errors",
    "compare": "maskwise.evaluation.comparison",
    "draw": "maskwise.outputs.draw",
    "evaluate": "maskwise.evaluation.judge",
    "export": "maskwise.exporters.export",
    "read_image": "maskwise.images",
    "train": "maskwise.training.fit",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'maskwise' has no attribute {name!r}")
    value = getattr(load(_HOME[name], extra="train"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
