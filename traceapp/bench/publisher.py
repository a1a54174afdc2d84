"""`python -m traceapp.bench.publisher`: readings as fast as a broker takes them, each its own.

Every reading is a QoS-1 PUBLISH of its own on the topic of its sensor, written to a plain socket
so that the load costs the machine as little as it can; the broker's PUBACKs are counted, and no
more than a window of messages is ever unanswered.
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys
import time
from datetime import datetime

from traceapp.bench.stream import CASES, Stream

WINDOW = 2_000
_CHUNK = 500
SITE = "BENCH"


def sensor_code(number: int) -> str:
    """The code of a sensor of the fleet."""
    return f"45-{number:06}"


def topic_of(number: int) -> str:
    """Where a sensor of the fleet publishes."""
    return f"coldchain/v1/{SITE}/{sensor_code(number)}/readings"


def packets(stream: Stream) -> list[bytes]:
    """The PUBLISH packets in chunks, ready to be written."""
    chunks, chunk = [], bytearray()
    for number, (sensor, payload) in enumerate(stream.payloads()):
        chunk += packet(number, sensor, payload)
        if (number + 1) % _CHUNK == 0:
            chunks.append(bytes(chunk))
            chunk.clear()
    return [*chunks, bytes(chunk)] if chunk else chunks


def packet(number: int, sensor: int, payload: bytes) -> bytes:
    """The PUBLISH with QoS 1 of what a sensor says, the `number`th of its publisher."""
    topic = topic_of(sensor).encode()
    mid = number % 65_535 + 1
    body = struct.pack("!H", len(topic)) + topic + struct.pack("!H", mid) + payload
    return b"\x32" + _length(len(body)) + body


def _length(size: int) -> bytes:
    encoded = bytearray()
    while True:
        size, digit = divmod(size, 128)
        encoded.append(digit | 128 if size else digit)
        if not size:
            return bytes(encoded)


def connect(port: int, client_id: str) -> socket.socket:
    """A socket on which the broker expects the packets of that client."""
    sock = socket.create_connection(("127.0.0.1", port))
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack("!H", len(client_id))
    body += client_id.encode()
    sock.sendall(b"\x10" + _length(len(body)) + body)
    if sock.recv(4) != b"\x20\x02\x00\x00":
        sock.close()
        raise ConnectionError(f"The broker refused {client_id}.")
    return sock


def publish(port: int, chunks: list[bytes], messages: int) -> float:
    """Write everything and wait for every PUBACK; returns the seconds that it took."""
    with connect(port, "publisher") as sock:
        began = time.perf_counter()
        written = answered = 0
        for chunk in chunks:
            while written - answered // 4 > WINDOW - _CHUNK:
                answered += len(sock.recv(65_536))
            sock.sendall(chunk)
            written += _CHUNK
        while answered // 4 < messages:
            answered += len(sock.recv(65_536))
        return time.perf_counter() - began


def main() -> int:
    """Prepare the packets, say `ready`, wait for a line, publish, say how long it took."""
    parser = argparse.ArgumentParser(prog="traceapp.bench.publisher")
    for name in ("port", "messages", "sensors", "items", "skipped"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--case", choices=CASES, required=True)
    parser.add_argument("--until", type=datetime.fromisoformat, required=True)
    told = parser.parse_args()
    stream = Stream(told.messages, told.sensors, told.items, told.case, told.skipped, told.until)
    chunks = packets(stream)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    seconds = publish(told.port, chunks, told.messages)
    sys.stdout.write(f"{seconds:.3f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
