"""The harness that kills every part of the system at random and counts what is lost."""
