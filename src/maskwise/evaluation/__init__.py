"""Evaluation: how good the answers are, with how much certainty, and how to show it."""
