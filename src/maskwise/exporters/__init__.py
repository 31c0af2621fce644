"""Exporters: a finished run becomes a bundle, each file proven equal to the trained network."""
