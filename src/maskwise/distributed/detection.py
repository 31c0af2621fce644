"""Detection: which model decides and how, as it is told to every process and machine."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from maskwise import __version__
from maskwise.durable import make_folder, write_bytes
from maskwise.errors import BadBundle, InvalidInput
from maskwise.inference.bundle import MAX_MODEL_BYTES, Bundle, has_bundle, model_folder
from maskwise.inference.pipeline import MaskDetector, model_sha256
from maskwise.inference.seal import SUMS
from maskwise.names import legible


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How faces are found and decided on. Calling it loads the detector, one thread of its own.

    Attributes:
        model: The folder of a bundle or run; None for the bundle that comes with maskwise.
        model_sha256: What tells that model from every other.
        faces: As `MaskDetector.load` takes it, like those that follow.
        mode: Likewise.
        strict: Likewise.
        runtime: Likewise.
        precision: Likewise.
        version: Of maskwise.
        files: What the bundle consists of, for machines that do not have its folder.
    """

    model: str | None
    model_sha256: str
    faces: str | None = None
    mode: str | None = None
    strict: bool = False
    runtime: str = "onnx"
    precision: str | None = None
    version: str = __version__
    files: Mapping[str, bytes] | None = None

    @classmethod
    def of(cls, model: Path | None, **how: Any) -> Self:
        """Decide with a model, once it is certain that it can be used.

        Args:
            model: The folder of a bundle or run; None for the bundle that comes with maskwise.
            how: See the attributes.

        Raises:
            BadBundle, BadRun, InvalidInput, MissingExtra: See `MaskDetector.load`.
        """
        named = None if model is None else str(model.absolute())
        detection = cls(model=named, model_sha256=model_sha256(model), **how)
        detection()
        return detection

    def __call__(self) -> MaskDetector:
        """Load the detector.

        Raises:
            BadBundle: The model is not the one that was named, or another version of maskwise
                runs here.
        """
        if self.version != __version__:
            raise BadBundle(
                f"maskwise {__version__} runs on a machine of the cluster, and {self.version} on "
                "the one that asks. Install the same on all machines."
            )
        if self.files is None:
            return self._load(self.model)
        with tempfile.TemporaryDirectory(prefix="maskwise-") as folder:
            for name, content in self.files.items():
                path = Path(folder) / name
                make_folder(path.parent)
                write_bytes(path, content)
            return self._load(folder)

    def _load(self, model: str | None) -> MaskDetector:
        if model_sha256(model) != self.model_sha256:
            raise BadBundle(
                f"{legible(model or 'The bundle that comes with maskwise')} is another model than "
                "the one that this began with. Put that back, or score into a new folder."
            )
        return MaskDetector.load(
            model,
            faces=self.faces,
            mode=self.mode,
            strict=self.strict,
            runtime=self.runtime,
            precision=self.precision,
            n_threads=1,
        )

    def packed(self) -> "Detection":
        """The same with all that machines need which do not have the folder of the model.

        Raises:
            InvalidInput: The model is a run, which is more than its weights.
        """
        if self.model is None:
            return self
        if not has_bundle(model_folder(self.model)):
            raise InvalidInput(
                "On a cluster `model` must be a bundle. "
                f"Received: {legible(self.model)}. Make one of the run by `maskwise export`."
            )
        seal = Bundle.open(self.model).seal
        files = {name: seal.read(name, max_bytes=MAX_MODEL_BYTES) for name in seal.sha256}
        sums = (seal.folder / SUMS).read_bytes()
        return replace(self, files={**files, SUMS: sums})

    def to_dict(self) -> Mapping[str, Any]:
        """What decides about the answers, as plain values."""
        return {
            "maskwise": self.version,
            "model_sha256": self.model_sha256,
            **{"faces": self.faces, "mode": self.mode, "strict": self.strict},
            **{"runtime": self.runtime, "precision": self.precision},
        }
