"""The embedded MQTT broker of the demo: loopback only, for trying things, never for keeping them.

It speaks MQTT 3.1.1 and forgets what a receiver had not acknowledged when that receiver went away;
publishers that wait for the application acknowledgement (contract §4) lose nothing by that.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Iterator
from typing import Any

import click
from amqtt.broker import Broker

LOOPBACK = "127.0.0.1"


class Subscriptions(dict[str, Any]):
    """Subscriptions that may be walked while others subscribe.

    amqtt 0.12 walks its own with pauses in between: a second client that subscribed meanwhile
    broke the walk, and the first one's connection was never answered.
    """

    def __iter__(self) -> Iterator[str]:
        return iter(list(super().keys()))

    def items(self) -> Any:
        return list(super().items())


def settings_for(port: int) -> dict[str, object]:
    """One listener on loopback, where whoever can connect may."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


async def serve(port: int) -> None:
    """Carry messages until told to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    broker = Broker(settings_for(port))
    broker._subscriptions = Subscriptions()
    await broker.start()
    await stopped.wait()
    await broker.shutdown()


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Port on loopback.")
def broker(port: int) -> None:
    """Run the embedded broker on loopback until it is told to stop."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    try:
        asyncio.run(serve(port))
    except OSError as failure:
        raise click.ClickException(f"Expected a free port, got {port}: {failure}") from failure


if __name__ == "__main__":
    broker()
