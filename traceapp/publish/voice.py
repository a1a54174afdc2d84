"""What a publisher says on standard error: once when it begins, once when it is over."""

from __future__ import annotations

from collections.abc import Callable

import click


def _to_stderr(sentence: str) -> None:
    click.echo(f"traceapp publish: {sentence}", err=True)


class Voice:
    """Says a sentence, and repeats none about the same trouble."""

    def __init__(self, write: Callable[[str], None] = _to_stderr) -> None:
        self._write = write
        self._troubles: dict[str, str] = {}

    def say(self, sentence: str) -> None:
        """Say one line."""
        self._write(" ".join(sentence.split()))

    def begin(self, subject: str, sentence: str) -> None:
        """Say what is wrong, unless that was the last that was said of it."""
        if self._troubles.get(subject) != sentence:
            self._troubles[subject] = sentence
            self.say(sentence)

    def end(self, subject: str, sentence: str) -> None:
        """Say that it is well again, if it was not."""
        if self._troubles.pop(subject, None) is not None:
            self.say(sentence)
