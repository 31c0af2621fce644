"""Pictures with labels: found, checked, split, held as arrays, or drawn."""
