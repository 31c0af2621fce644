"""What a file is and what it claims to hold, told from its bytes, nothing decoded."""
