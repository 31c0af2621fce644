"""One file per way in which labelled pictures lie on a disk."""
