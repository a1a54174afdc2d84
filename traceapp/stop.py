"""Being told to stop: SIGTERM and SIGINT become an event that any thread may wait for."""

from __future__ import annotations

import os
import signal
import threading

_SIGNS = {signal.SIGTERM, signal.SIGINT}


def until_told() -> threading.Event:
    """The event that the first SIGTERM or SIGINT sets; to be called before threads are started.

    A thread of its own waits for the signals. A handler would run in the middle of whatever the
    main thread does, and one that sets an event while the main thread waits for that same event
    may wait for ever for the event's lock.
    """
    is_over = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNS)

    def wait_for_signal() -> None:
        signal.sigwait(_SIGNS)
        is_over.set()
        os._exit(128 + signal.sigwait(_SIGNS))  # Somebody is impatient; every crash is safe.

    threading.Thread(target=wait_for_signal, name="signals", daemon=True).start()
    return is_over
