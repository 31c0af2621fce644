"""Inference: from a picture to its `Faces`, by the same few steps for everybody."""
