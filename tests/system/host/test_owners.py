# SPDX-License-Identifier: MIT
"""What one user's owners cost: many sockets, held by many processes with long paths and arguments.

As an unprivileged user: 3,000 sockets, each held by fourteen processes, no two by the same; and as
many processes, each with a socket of its own. Beside them another user's listener.
"""
import re
import subprocess

import pytest

import harness
from harness import config_text

ATTACKER = 61001
VICTIM = 61002
PORT = 59999
SOCKETS = 3000

# Starts COUNT copies of /bin/sleep, by a path of 3,900 bytes, in a directory as deep, with arguments
# of 4,096 bytes. Of each socket EACH of them have a descriptor; with as many processes as sockets it
# is one each.
HOLDERS = """
import itertools, os, resource, shutil, socket, subprocess, sys
place, count, processes, each = sys.argv[1], *map(int, sys.argv[2:])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
while len(place) < 3900 - 201:
    place += "/" + "d" * 200
place += "/" + "d" * (3900 - len(place) - len("//sleep"))
os.makedirs(place, exist_ok=True)
program = place + "/sleep"
shutil.copy("/bin/sleep", program)
held = []
for port in range(32768, 32768 + count):
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
        os.execv(program, [program, "9999", "0." + f"{number:0{4096 - len(program) - 40}}"])
for descriptor in held:
    os.close(descriptor)
print("ready", flush=True)
sys.stdin.read()
os.killpg(0, 9)
"""

LISTEN = """
import socket, sys
made = socket.socket()
made.bind(("127.0.0.1", int(sys.argv[1])))
made.listen(8)
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
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=namespace.enter,
            start_new_session=True)
        made.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in made:
        process.stdin.close()
    harness.end(made)


@pytest.fixture(name="place")
def _place(tmp_path):
    """A directory that the attacker may write to."""
    for directory in tmp_path, *tmp_path.parents:
        if directory.stat().st_mode & 0o5 == 0:
            directory.chmod(0o755)
    place = tmp_path / "place"
    place.mkdir()
    place.chmod(0o777)
    return place


def peak(watch):
    """The most memory that was resident, in KiB."""
    with open(f"/proc/{watch.pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmHWM:\s*(\d+)", status.read())[1])


QUIET = {"ranges": '["32768-60999"]', "interval": "1s", "threshold": "15s",
         "user": "{threshold: 15s}", "suspect": "{threshold: never, weak_threshold: never}",
         "log": "{appeared: 'off', vanished: 'off', after: 0s}"}


def test_processes_are_kept_once(daemon, start_as, place):
    """3,000 sets of fourteen processes cost little more than the processes."""
    watch = daemon(config_text(**QUIET))
    watch.wait_line("STARTED")
    before = peak(watch)
    start_as(ATTACKER, HOLDERS, place, SOCKETS, 40, 14)
    # All are looked up before one of them is due.
    watch.wait_line("^<.>OVERSTAY [0-9]+ listeners ", 120)
    grown = peak(watch) - before
    print(f"{SOCKETS} sockets of 14 of 40 processes: {grown} KiB")
    assert grown < 24 * 1024
    assert watch.count("owners? not kept") == 0


def test_owners_of_one_user_are_bounded(daemon, start_as, place):
    """Who is too many to keep is unknown for that reason, and nobody else is."""
    watch = daemon(config_text(**QUIET))
    watch.wait_line("STARTED")
    before = peak(watch)
    attacker = start_as(ATTACKER, HOLDERS, place, SOCKETS, SOCKETS, 1)
    line = watch.wait_line("DEGRADED crowded", 120)
    assert f"the last of uid {ATTACKER}" in line, line
    victim = start_as(VICTIM, LISTEN, PORT)
    line = watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}", 120)
    assert f"[{victim.pid}]" in line, line
    grown = peak(watch) - before
    print(f"{SOCKETS} sockets of as many processes: {grown} KiB")
    assert grown < 96 * 1024
    attacker.stdin.close()
    watch.wait_line("RECOVERED crowded", 180)
