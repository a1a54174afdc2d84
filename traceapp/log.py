"""How processes log: one event a line, JSON where no person watches.

Events carry codes, counts and reasons; never a payload and nothing about a person.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure_log(process: str) -> None:
    """Log to stderr from now on, every line naming the process."""
    is_watched = sys.stderr.isatty()
    shown: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if is_watched
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)


def one_line(error: BaseException, longest: int = 300) -> str:
    """What an error says, in one line: drivers append SQL, parameters and links after the first."""
    original = getattr(error, "orig", None) or error
    said = str(original).strip().splitlines()
    return f"{type(original).__name__}: {said[0] if said else ''}"[:longest]
