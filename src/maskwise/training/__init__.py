"""Training: a recipe and data go in, a run folder comes out."""
