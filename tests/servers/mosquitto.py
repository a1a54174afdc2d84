"""A private Mosquitto, and its own clients to speak and to listen with."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.servers.program import Program, free_port, is_listening
from tests.servers.programs import need_program

# Written for 2.0.11 (Debian 12) and 2.1 alike. Without `user root` a broker started by root
# becomes the user mosquitto, who may not write into the tests' folder.
_CONFIGURATION = """\
user root
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
log_dest stderr
log_type all
"""


class Mosquitto:
    """One broker in a folder of its own; stopped and started again it is the same broker."""

    def __init__(self, folder: Path, *, is_persistent: bool = True) -> None:
        """One that is not persistent is quick: it does not save itself after each message."""
        self._broker = need_program("mosquitto")
        self._publisher = need_program("mosquitto_pub")
        self._subscriber = need_program("mosquitto_sub")
        self.folder = folder
        self.port = free_port()
        self._configuration = folder / "mosquitto.conf"
        told = _CONFIGURATION.format(port=self.port, folder=folder)
        if not is_persistent:
            told = told.replace("persistence true", "persistence false")
            told = told.replace("log_type all", "log_type error")
        self._configuration.write_text(told)
        self._program: Program | None = None
        self._listeners: list[Program] = []

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the broker and wait until it listens."""
        program = Program([self._broker, "-c", self._configuration], log=self.folder / "log")
        self._program = program
        program.wait_until(lambda: is_listening(self.port), "it listens")

    def stop(self) -> None:
        """Stop the broker and everybody who listens to it."""
        for listener in self._listeners:
            listener.stop()
        self._listeners.clear()
        if self._program is not None:
            self._program.stop()

    def kill(self) -> None:
        """End the broker as a power cut would."""
        if self._program is not None:
            self._program.kill()

    def publish(self, topic: str, payload: bytes | str, *options: str) -> None:
        """Publish one message with QoS 1 through ``mosquitto_pub``; ``-r`` retains it."""
        content = payload.encode() if isinstance(payload, str) else payload
        self._run_publisher(["-t", topic, "-s", *options], content)

    def publish_lines(self, topic: str, lines: list[str], *options: str) -> None:
        """Publish each line as a message of its own over one connection."""
        content = "".join(f"{line}\n" for line in lines).encode()
        self._run_publisher(["-t", topic, "-l", *options], content)

    def listen(self, topic: str, log: Path) -> Program:
        """Start ``mosquitto_sub``: its output is ``topic payload`` a line."""
        arguments = ["-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-v", "-d", "-t", topic]
        # Into a file it writes in blocks, and would say "Subscribed" with its first message only.
        unbuffered = ["stdbuf", "-oL"] if shutil.which("stdbuf") else []
        listener = Program([*unbuffered, self._subscriber, *arguments], log=log)
        self._listeners.append(listener)
        listener.wait_for_output("Subscribed")
        return listener

    def wait_for_subscriber(self, client_id: str) -> None:
        """Wait until a client has subscribed: before that nothing is kept for it."""
        self.wait_for_output(f"Sending SUBACK to {client_id}")

    def wait_for_output(self, text: str) -> None:
        """Wait until the broker's log says something."""
        assert self._program is not None
        self._program.wait_for_output(text)

    def _run_publisher(self, arguments: list[str], content: bytes) -> None:
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-q", "1"]
        done = subprocess.run(
            [self._publisher, *address, *arguments],
            input=content,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
