"""How processes log: one event a line, JSON where no person watches.

Events carry codes, counts and reasons; never a payload and nothing about a person.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

import structlog


def configure_log(process: str) -> None:
    """Log to stderr from now on, every line naming the process."""
    is_watched = sys.stderr.isatty()
    shown: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if is_watched
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)


def where(error: BaseException) -> str:
    """Where an error was raised, as `module:line` from the outside in; no values, no locals."""
    frames = traceback.extract_tb(error.__traceback__)
    return " > ".join(f"{Path(frame.filename).stem}:{frame.lineno}" for frame in frames)


def one_line(error: BaseException, longest: int = 300) -> str:
    """What an error says, in one line: drivers append SQL, parameters and links after the first.

    For errors of the world only: what a database says of content may quote the content.
    """
    original = getattr(error, "orig", None) or error
    said = str(original).strip().splitlines()
    return f"{type(original).__name__}: {said[0] if said else ''}"[:longest]
