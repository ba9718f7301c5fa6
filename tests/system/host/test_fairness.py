# SPDX-License-Identifier: MIT
"""What one user does to the listeners of another: nothing.

As an unprivileged user: more listeners than overstay-lookup answers for in time, and more suspects
than a person reads. Beside them another user's listener.
"""
import subprocess

import pytest

import harness
from harness import config_text, slowed

ATTACKER = 61001
VICTIM = 61002
PORT = 59999

# Opens COUNT listeners on low ports.
FLOOD = """
import resource, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
for port in range(32768, 32768 + int(sys.argv[1])):
    made = socket.socket()
    made.bind(("127.0.0.1", port))
    made.listen(1)
    held.append(made)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(name="start_as")
def _start_as(namespace):
    """start_as(user, program, ...): Python code as that user, in the namespace; it says "ready"."""
    made = []

    def start(user, code, *arguments):
        process = subprocess.Popen(
            ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
             "/usr/bin/python3", "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=namespace.enter)
        made.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    harness.end(made)


LISTEN = """
import socket, sys
made = socket.socket()
made.bind(("127.0.0.1", int(sys.argv[1])))
made.listen(8)
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_flood_hides_nobody(daemon, start_as):
    watch = daemon(config_text(ranges='["32768-60999"]', interval="1s", threshold="6s",
                               log="{appeared: 'off', vanished: 'off'}"))
    watch.wait_line("STARTED")
    with slowed(harness.wait_until(watch.lookup_pid)):
        start_as(ATTACKER, FLOOD, 18000)
        # Who holds this one is asked for in time, however many of the other user's wait.
        victim = start_as(VICTIM, LISTEN, PORT)
        line = watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}", 60)
        assert f"[{victim.pid}]" in line, line
        # What waits too long is not passed over in silence.
        watch.wait_line("DEGRADED crowded", 60)


# Starts COUNT processes that are suspects: each runs a program that is a file in memory only.
SUSPECTS = """
import os, subprocess, sys
with open("/usr/bin/python3", "rb") as file:
    program = file.read()
memory = os.memfd_create("x")
os.write(memory, program)
code = ("import socket, sys; made = socket.socket(); made.bind(('127.0.0.1', int(sys.argv[1])));"
        "made.listen(1); print(flush=True); sys.stdin.read()")
first, count = int(sys.argv[1]), int(sys.argv[2])
children = [subprocess.Popen([f"/proc/self/fd/{memory}", "-c", code, str(port)], pass_fds=[memory],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for port in range(first, first + count)]
for child in children:
    child.stdout.readline()
print("ready", flush=True)
sys.stdin.read()
"""


def test_suspects_of_one_user_are_bounded(daemon, start_as):
    watch = daemon(config_text(interval="500ms", suspect="{threshold: 1s}",
                               log="{appeared: 'off', vanished: 'off'}"))
    watch.wait_line("STARTED")
    start_as(ATTACKER, SUSPECTS, 50100, 30)
    start_as(VICTIM, SUSPECTS, 50900, 1)
    # The other user's stands alone, whatever comes before it.
    watch.wait_line("^<2>SUSPECT tcp 127.0.0.1:50900 ", 30)
    # Each of the first user's has its own line; so many of them are alerts, and one sums up the rest.
    watch.wait_line("SUSPECT tcp 127.0.0.1:501[0-2][0-9] ", 30, count=30)
    watch.wait_line(f"^<2>SUSPECT [0-9]+ more suspects? of uid {ATTACKER} ", 30)
    assert watch.count("^<2>SUSPECT tcp 127.0.0.1:501") == 10
    assert watch.count("^<6>SUSPECT tcp 127.0.0.1:501") == 20
