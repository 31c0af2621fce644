"""Distributed: huge collections of pictures, scored by many processes or many machines."""
