"""What every face detector must do, in every mode. A new one is done when it passes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.dataset.drawn.scene import draw_scene
from maskwise.errors import InvalidInput
from maskwise.faces.detector import DETECTORS, MODES, FaceDetector, open_detector
from maskwise.faces.given import GivenBoxes
from maskwise.results import Faces
