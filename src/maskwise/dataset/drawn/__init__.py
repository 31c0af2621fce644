"""The sample set: faces with and without masks, drawn by code, to try everything on.

What a picture shows besides the mask never depends on its label: person, scene and camera are
drawn from streams of chance of their own, by one procedure for all. So nothing but the face can
tell the classes apart.
"""

from maskwise.dataset.drawn.sample_set import draw_face, draw_sample_set

__all__ = ["draw_face", "draw_sample_set"]
