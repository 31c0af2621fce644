"""Face detectors: a picture goes in, boxes come out. One file per detector."""
