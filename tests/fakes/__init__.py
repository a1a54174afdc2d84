"""What stands in for the broker where a test wants no socket; held to the real one's contract."""
