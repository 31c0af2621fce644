"""Stores: where pictures and answers lie, one file per kind, behind one seam."""
