"""Tests of what a process is told when it starts."""
