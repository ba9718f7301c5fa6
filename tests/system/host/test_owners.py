# SPDX-License-Identifier: MIT
"""What one user's owners cost: many sockets, held by many processes with long paths and arguments.

As an unprivileged user: 1,000 sockets, each held by fourteen processes, no two by the same; and
some 1,600 processes, each with a socket of its own. Beside them another user's listener.
"""
import re
import time

import pytest

from crowds import LISTEN
from harness import config_text, memory_bound_kib, memory_kib

ATTACKER = 61001
VICTIM = 61002
PORT = 59999

# Starts so many copies of a shell, by a path of 3,900 bytes, in a directory as deep, with a script
# beside it and arguments of 4,096 bytes. Of each socket EACH of them have a descriptor; with as many
# processes as sockets it is one each.
HOLDERS = """
import itertools, os, resource, shutil, socket, sys
place, first, count, processes, each = sys.argv[1], *map(int, sys.argv[2:])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
while len(place) < 3900 - 201:
    place += "/" + "d" * 200
place += "/" + "d" * (3900 - len(place) - len("//sh"))
os.makedirs(place, exist_ok=True)
program, script = place + "/sh", place + "/run"
if not os.path.exists(program):
    shutil.copy("/bin/sh", program)
with open(script, "w") as file:
    file.write("read line\\n")
held = []
for port in range(first, first + count):
    made = socket.socket()
    made.bind(("127.0.0.1", port))
    made.listen(1)
    held.append(made.fileno())
    made.detach()
sets = itertools.cycle(itertools.combinations(range(processes), each))
of_each = [set() for _ in range(processes)]
for at, descriptor in enumerate(held):
    for process in (at % processes,) if each == 1 else next(sets):
        of_each[process].add(descriptor)
os.chdir(place)
for number, kept in enumerate(of_each):
    if os.fork() == 0:
        for descriptor in held:
            if descriptor in kept:
                os.set_inheritable(descriptor, True)
        os.execv(program, ["sh", script, f"{first + number:0{4080 - len(script)}}"])
for descriptor in held:
    os.close(descriptor)
print("ready", flush=True)
sys.stdin.read()
os.killpg(0, 9)
"""


@pytest.fixture(name="place")
def _place(public):
    """A directory that the attacker may write to."""
    place = public / "place"
    place.mkdir()
    place.chmod(0o777)
    return place


QUIET = {"ranges": '["32768-60999"]', "interval": "1s", "threshold": "15s",
         "user": "{threshold: 15s}", "suspect": "{threshold: never, weak_threshold: never}",
         "log": "{appeared: 'off', vanished: 'off', after: 0s}"}


def test_processes_are_kept_once(daemon, start_as, place):
    """1,000 sets of fourteen processes cost little more than the processes."""
    watch = daemon(config_text(**QUIET))
    watch.wait_line("STARTED")
    before = memory_kib(watch.pid)
    start_as(ATTACKER, HOLDERS, place, 32768, 1000, 40, 14)
    # All are looked up before one of them is due.
    watch.wait_line("^<.>OVERSTAY ", 60)
    grown = memory_kib(watch.pid) - before
    print(f"1,000 sockets of 14 of 40 processes: {grown} KiB")
    assert grown < memory_bound_kib(12)
    assert watch.count("owners? not kept|not looked up in time") == 0


def test_owners_of_one_user_are_bounded(daemon, start_as, place):
    """Who is too many to keep is unknown for that reason, and nobody else is."""
    watch = daemon(config_text(**{**QUIET, "threshold": "1d", "user": "{threshold: 1d}",
                                  "log": "{appeared: info, vanished: 'off', after: 0s}"}))
    watch.wait_line("STARTED")
    before = memory_kib(watch.pid)
    attackers = []
    for first in range(32768, 32768 + 2000, 200):
        attackers.append(start_as(ATTACKER, HOLDERS, place, first, 200, 200, 1))
        # They are looked up before the next ones come.
        watch.wait_line(f"APPEARED tcp 127.0.0.1:{first + 199} ", 60)
        if watch.count("APPEARED .*unknown .its user has too many owners to keep"):
            break
        if len(attackers) % 4 == 0:
            time.sleep(31)  # pause: so many messages that inform are all that one user gets
    line = watch.wait_line("DEGRADED crowded")
    assert re.search(f"uid {ATTACKER} has too many listeners, [0-9]+ owners? not kept", line), line
    victim = start_as(VICTIM, LISTEN, "127.0.0.1", PORT)
    line = watch.wait_line(f"APPEARED tcp 127.0.0.1:{PORT} ", 60)
    assert f"[{victim.pid}]" in line, line
    grown = memory_kib(watch.pid) - before
    print(f"{200 * len(attackers)} sockets of as many processes: {grown} KiB")
    assert grown < memory_bound_kib(48)
    for attacker in attackers:
        attacker.stdin.close()
    line = watch.wait_line("RECOVERED crowded", 180)
    assert re.search("; [0-9]+ owners? not kept", line), line
