"""Runs: what a training is told to do, and the folder in which it leaves everything.

Evaluation and detection read runs too, so this stands below them and below training.
"""
