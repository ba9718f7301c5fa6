# SPDX-License-Identifier: MIT
"""What one user does to the listeners of another: nothing.

As an unprivileged user: fresh listeners again and again, more than overstay-lookup answers, and
listeners that come and go. Beside them another user's listener on the highest port.
"""
import subprocess

import pytest

from harness import config_text

ATTACKER = 61001
VICTIM = 61002
PORT = 59999

# Opens COUNT listeners on low ports, closes them after SPAN and opens fresh ones. Its descriptors,
# of nothing, are what makes it slow to search.
FLOOD = """
import os, resource, select, socket, sys
count, span, extra = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
null = os.open("/dev/null", os.O_RDONLY)
for _ in range(min(extra, hard - count - 100)):
    os.dup(null)
first = 32768
print("ready", flush=True)
while True:
    held = []
    first = 32768 if first > 57000 - 2 * count else first + count
    for port in range(first, first + count):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
        made.listen(1)
        held.append(made)
    select.select([], [], [], span)
    for made in held:
        made.close()
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
    for process in made:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


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
    start_as(ATTACKER, FLOOD, 8000, 3, 500000)
    # What waits too long is not passed over in silence.
    watch.wait_line("DEGRADED crowded", 60)
    # Who holds this one is asked for in time, however many of the other user's wait.
    victim = start_as(VICTIM, LISTEN, PORT)
    line = watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}", 60)
    assert f"[{victim.pid}]" in line, line
