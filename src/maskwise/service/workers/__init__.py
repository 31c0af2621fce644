"""Processes that decode pictures and decide on them, and the queue before them."""
