"""What judging a sensor takes: where it stood, which rules held there, what it measured."""
