"""A service as tutorials show it: FastAPI around `model.predict`, for `service.py` to compare with.

    python benchmarks/tutorial_service.py

Faces are found by OpenCV's cascade, and each is sent to `model.predict` of Keras by itself. The
network is that of the reference recipe with random weights: only how long it takes counts here.
"""

import io
import socket
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from PIL import Image

from maskwise.model.cnn import build_reference_cnn

SIZE_WH = (128, 128)


def make_app() -> FastAPI:
    """One handler, which does all of it."""
    app = FastAPI()
    model = build_reference_cnn()
    cascade = cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
    )

    @app.post("/predict")
    async def predict(request: Request) -> list[dict[str, Any]]:
        picture = Image.open(io.BytesIO(await request.body())).convert("RGB")
        image_rgb = np.asarray(picture)
        answers = []
        for x, y, w, h in cascade.detectMultiScale(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)):
            face = np.asarray(picture.crop((x, y, x + w, y + h)).resize(SIZE_WH)) / 255.0
            probability = model.predict(face[None], verbose=0)[0]
            answers.append({"box": [int(x), int(y), int(w), int(h)], "mask": float(probability[1])})
        return answers

    return app


def main() -> None:
    """Serve on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stderr.write(f"Serving at http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stderr.flush()
    config = uvicorn.Config(make_app(), log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
