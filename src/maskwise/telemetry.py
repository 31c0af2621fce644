"""Telemetry: some libraries report to their makers how they are used. For us they do not."""

import os
import sys


def forbid_telemetry() -> None:
    """Keep ONNX Runtime and OpenVINO from reporting; to be called before they are loaded.

    ONNX Runtime reports by default, over the network, and keeps an identifier in the home folder.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # OpenVINO asks for this package, and does without where there is none.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
