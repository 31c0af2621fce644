"""Scenes: whole pictures with any number of faces, found and named."""
