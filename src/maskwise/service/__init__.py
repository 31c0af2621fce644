"""The HTTP service: pictures go in, answers come out, and a page for everybody else."""
