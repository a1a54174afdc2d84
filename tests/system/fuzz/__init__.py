"""Generated messages through the real line, and the count of what became of each."""
