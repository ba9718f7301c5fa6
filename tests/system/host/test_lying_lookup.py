# SPDX-License-Identifier: MIT
"""A lookup that lies: what it answers is bounded and checked, and what it does not answer is unknown.

All liars at once, each beside a daemon of its own, which finds it where systemd would have made its
socket.
"""
import contextlib
import os
import re
import socket
import struct
import threading
import time

import pytest

from harness import SOURCE, config_text, memory_kib

PORT = 50001
HEADER = "=IIII"
REQUEST, OWNER, DONE = 1, 2, 3
NO_PERMISSION = 5
QUESTION = struct.calcsize("=QIIHHI")


def protocol_version():
    text = (SOURCE / "daemon/wire/protocol.h").read_text(encoding="utf-8")
    return int(re.search(r"LOOKUP_VERSION (0x\w+)U", text)[1], 16)


VERSION = protocol_version()


def packet(kind, number, body, version=VERSION, length=None):
    size = struct.calcsize(HEADER) + len(body)
    return struct.pack(HEADER, version, kind, number, size if length is None else length) + body


def owner(inodes, kind=0, reason=NO_PERMISSION, count=None, processes=0, holders=0):
    """The body of an answer: nobody knows who holds these."""
    return struct.pack("=7I6I", kind, reason, 0, holders, len(inodes) if count is None else count,
                       processes, 0, *[0] * 6) + struct.pack(f"={len(inodes)}I", *inodes)


def done(flags=1):
    return struct.pack("=I", flags)


# Each is given the connection, the number of the request and the inodes that it asks for.
LIES = {
    "garbage": lambda to, number, inodes: to.send(os.urandom(3000)),
    "byte-by-byte": lambda to, number, inodes: [
        to.send(bytes([byte])) for byte in packet(OWNER, number, owner(inodes))],
    "nothing-at-all": lambda to, number, inodes: to.send(packet(DONE, number, done())),
    "too-long": lambda to, number, inodes: to.send(
        packet(OWNER, number, owner(inodes) + bytes(70000))),
    "another-length": lambda to, number, inodes: to.send(
        packet(OWNER, number, owner(inodes), length=20)),
    "another-version": lambda to, number, inodes: to.send(
        packet(OWNER, number, owner(inodes), version=VERSION + 1)),
    "another-request": lambda to, number, inodes: to.send(
        packet(OWNER, number + 1, owner(inodes))),
    "a-question": lambda to, number, inodes: to.send(packet(REQUEST, number, owner(inodes))),
    "not-asked-for": lambda to, number, inodes: to.send(
        packet(OWNER, number, owner([inode + 1000000 for inode in inodes]))),
    "huge-counts": lambda to, number, inodes: to.send(
        packet(OWNER, number, owner(inodes, count=0xffffffff))),
    "huge-processes": lambda to, number, inodes: to.send(
        packet(OWNER, number, owner(inodes, 1, 0, processes=0xffffffff, holders=0xffffffff))),
    "processes-that-are-not-there": lambda to, number, inodes: to.send(
        packet(OWNER, number, owner(inodes, 1, 0, processes=16, holders=16))),
    "nobody-and-nobody-looked": lambda to, number, inodes: to.send(
        packet(OWNER, number, owner(inodes, reason=6))),
    "contradictory": lambda to, number, inodes: [
        to.send(packet(OWNER, number, owner(inodes))) for _ in range(2)],
    "without-end": lambda to, number, inodes: [
        to.send(packet(OWNER, number, owner(inodes))) for _ in range(100000)],
    "hung-up": lambda to, number, inodes: to.close(),
    # It answers, and ends.
    "short-lived": lambda to, number, inodes: (
        to.send(packet(OWNER, number, owner(inodes)) if inodes else b""),
        to.send(packet(DONE, number, done(0))),
        time.sleep(0.1),  # pause: it is read
        to.close()),
    "hung": lambda to, number, inodes: None,
}

# Who answers nothing that can be believed is said to be wrong, whatever it sends.
REASONS = {"hung": "overstay-lookup did not answer in time",
           "hung-up": "overstay-lookup is not running",
           "short-lived": "overstay-lookup "}


class Liar:
    """Listens in overstayd's directory; counts how often it is asked for."""

    def __init__(self, lie, directory):
        self.lie, self.connections, self._open = lie, 0, []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(directory / "lookup.sock"))
        self._listener.listen(8)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self._listener.accept()[0]
                self.connections += 1
                self._open.append(connection)
                with contextlib.suppress(OSError, struct.error):
                    self._serve(connection)

    def _serve(self, connection):
        while True:
            request = connection.recv(65536)
            number = struct.unpack_from(HEADER, request)[2]
            count, = struct.unpack_from("=I", request, struct.calcsize(HEADER))
            begin = struct.calcsize(HEADER) + 8
            inodes = [struct.unpack_from("=QI", request, begin + QUESTION * i)[1]
                      for i in range(count)]
            LIES[self.lie](connection, number, inodes)
            if self.lie != "hung":
                connection.settimeout(2)

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for connection in self._open:
            connection.close()
        self._thread.join()
        self._listener.close()


@pytest.fixture(name="liar")
def _liar(tmp_path):
    made = []

    def start(lie):
        directory = tmp_path / lie
        directory.mkdir()
        made.append(Liar(lie, directory))
        return made[-1], directory

    yield start
    for one in made:
        one.close()


def test_liars_are_found_out(daemon, liar, listen):
    listen(PORT)
    watched = {}
    for lie in LIES:
        one, directory = liar(lie)
        watched[lie] = one, daemon(
            config_text(interval="500ms"), directory=directory,
            environment={"RUNTIME_DIRECTORY": str(directory)})
    for lie, (one, watch) in watched.items():
        watch.wait_line("^<4>DEGRADED lookup", 20)
        reported = watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT} ", 20)
        reason = REASONS.get(lie, "overstay-lookup sent an invalid answer")
        assert f"owner unknown ({reason}" in reported, (lie, reported)
    # They are asked again after 1 s, 2 s, 4 s: at most five times by now.
    watched["hung"][1].wait_line("DEGRADED lookup: overstay-lookup did not answer in time", 20)
    for lie, (one, watch) in watched.items():
        assert one.connections <= 5, lie
        assert watch.count("DEGRADED") <= 5 and watch.count("OVERSTAY") == 1, lie
        assert memory_kib(watch.pid) < memory_kib(watched["hung"][1].pid) + 4096, lie
        assert watch.stop() == 0
