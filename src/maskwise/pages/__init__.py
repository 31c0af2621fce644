"""What every page of maskwise shares: how it is rendered, how figures are worded, its frame."""
