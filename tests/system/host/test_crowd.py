# SPDX-License-Identifier: MIT
"""A user who has hundreds of sockets on one port, beside others who come and go there.

The kernel's answer about such a port takes more than one datagram, and then it proves nothing. No
socket may be reported as gone late for that, and nobody may be given a dead one's age.
"""
import itertools
import re
import subprocess
import time

import pytest

import harness
from harness import config_text, memory_kib

PORT = 50001
USER = 12345
CROWD = 300

# Opens a crowd as an unprivileged user, and does so again every `change` seconds.
PROGRAM = """
import os, socket, sys, time
user, kind, port, count, change = (int(sys.argv[1]), sys.argv[2], int(sys.argv[3]),
                                   int(sys.argv[4]), float(sys.argv[5]))
addresses = sys.argv[6:]
os.setgroups([])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
def make(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if kind == "tcp" and len(addresses) == 1:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((address, port))
    if kind == "tcp":
        made.listen(1)
    return made
crowd = [make(addresses[i % len(addresses)]) for i in range(count)]
print("ready", flush=True)
while change > 0:
    time.sleep(change)  # pause: the next crowd
    for made in crowd:
        made.close()
    crowd = [make(addresses[i % len(addresses)]) for i in range(count)]
sys.stdin.read()
"""

# An interval that is not shortened by anything that is due.
QUIET = {"interval": "200ms", "threshold": "1d", "user": "{threshold: 1d}",
         "suspect": "{threshold: never, weak_threshold: never}",
         "udp": "{threshold: 1d, auto: 1d}", "grace": "0s",
         "log": "{appeared: info, vanished: info, udp: info, after: 0s}"}


# Nothing is said of a crowd that changes.
LASTING = "{appeared: info, vanished: info, udp: info, after: 1s}"


@pytest.fixture(name="crowd")
def _crowd(namespace):
    """crowd(kind, addresses, ...): sockets of another user on one port; returns its process."""
    made = []

    def start(kind, addresses, port=PORT, count=CROWD, change=0, user=USER):
        made.append(subprocess.Popen(
            ["/usr/bin/python3", "-c", PROGRAM, str(user), kind, str(port), str(count),
             str(change), *addresses],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=namespace.enter))
        assert made[-1].stdout.readline() == b"ready\n"
        return made[-1]

    yield start
    harness.end(made)


def line(word, kind, address, port=PORT):
    where = f"[{address}]" if ":" in address else address
    return rf"^<\d>{word} {kind} {re.escape(where)}:{port}\b"


def spread(count=CROWD):
    """As many addresses, all of the loopback."""
    return [f"127.1.{i // 250}.{1 + i % 250}" for i in range(count)]


@pytest.mark.parametrize("change", [0, 0.15], ids=["steady", "changing"])
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_crowd_on_other_addresses(daemon, listener_process, crowd, kind, change):
    """The next one on an endpoint begins a stay of its own, however crowded the port is."""
    alone = crowd(kind, ["127.0.0.1"], count=1)
    crowd(kind, spread(), change=change)
    watch = daemon(config_text(**{**QUIET, "threshold": "2500ms", "udp": "{threshold: 2500ms}",
                                  "log": LASTING}))
    watch.wait_line("STARTED")
    time.sleep(1.5)  # pause: it grows older than a newcomer
    alone.kill()
    # Proved at once: the crowd is not in the answer.
    watch.wait_line(line("VANISHED", kind, "127.0.0.1"), seconds=3)
    if kind == "tcp":
        began = time.monotonic()
        process = listener_process(PORT)
        told = watch.wait_line(line("OVERSTAY", kind, "127.0.0.1"), seconds=10)
        assert time.monotonic() - began > 2.4, "the age of another's socket"
        assert f"[{process.pid}" in told and f"{USER}" not in told


def test_crowd_on_the_very_endpoint(daemon, crowd):
    """One who leaves it is gone after three polls; the crowd is all that is reported then."""
    endpoints = list(enumerate(itertools.product(
        ["udp", "tcp"], ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])))
    others = []
    for number, (kind, address) in endpoints:
        # Of one cgroup and, for TCP, of one user, who alone may share it.
        user = USER + 2 * number
        others.append(crowd(kind, [address], PORT + number, count=1,
                            user=user if kind == "tcp" else user + 1))
        crowd(kind, [address], PORT + number, user=user)
    watch = daemon(config_text(**{**QUIET, "threshold": "3s", "udp": "{threshold: 3s}",
                                  "user": "{threshold: 3s}"}))
    watch.wait_line("STARTED")
    time.sleep(1)  # pause: polls see it
    for other in others:
        other.kill()
    for number, (kind, address) in endpoints:
        told = watch.wait_line(line("OVERSTAY", kind, address, PORT + number))
        assert f"{CROWD} sockets" in told


@pytest.mark.parametrize("address", ["127.0.0.1", "::"])
def test_crowd_that_changes_fills_no_memory(daemon, crowd, address):
    """What cannot be proved to be gone is bounded."""
    watch = daemon(config_text(**{**QUIET, "interval": "100ms", "log": LASTING}))
    watch.wait_line("STARTED")
    crowd("udp", [address], count=2000, change=0.15)
    time.sleep(2.5)  # pause: polls fill what is bounded
    early = memory_kib(watch.pid, "VmRSS")
    time.sleep(5)  # pause: as long again, and longer
    assert memory_kib(watch.pid, "VmRSS") < early * 1.25
    assert watch.stop() == 0
