"""Sources: whatever people name as pictures, as an ordered list of what can be read."""
