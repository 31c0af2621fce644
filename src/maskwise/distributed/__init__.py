"""Distributed: the same work on many machines at once, with Ray."""
