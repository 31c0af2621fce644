"""Augmentation: what is done to pictures so that habits of their sources teach nothing."""
