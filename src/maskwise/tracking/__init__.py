"""Faces followed over time: who is who, and one decision for each person."""
