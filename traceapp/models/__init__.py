"""What we remember, one noun a file."""
