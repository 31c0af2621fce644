"""Search: which values of a recipe's fields lead to the least loss on pictures only watched."""
