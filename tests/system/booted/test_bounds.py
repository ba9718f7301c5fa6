# SPDX-License-Identifier: MIT
"""As many listeners as are watched, opened anew all the time, while the journal takes nothing: the
service needs no more memory than its manual says, and that is far below what it may have."""
import contextlib
import pathlib
import re
import subprocess
import time

import harness
from conftest import show
from harness import memory_kib, run

USERS = (61001, 61002, 61003)
# More than are watched, in all; a process may have 15,000 descriptors on most hosts.
SHARES = 5
SHARE = 14000
SECONDS = 60
MANUAL = pathlib.Path("/usr/share/man/man8/overstayd.8")

# Opens SHARE listeners on an address of its own, and half of them anew, again and again.
CHURN = f"""
import resource, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
def listen(port):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((sys.argv[1], port))
    made.listen(1)
    return made
held = [listen(32768 + number) for number in range({SHARE})]
print("ready", flush=True)
while True:
    time.sleep(5)  # pause: its pace
    for number in range(0, {SHARE}, 2):
        held[number].close()
        held[number] = listen(32768 + number)
"""


@contextlib.contextmanager
def stopped(unit):
    run("systemctl", "kill", "--signal=STOP", unit)
    try:
        yield
    finally:
        run("systemctl", "kill", "--signal=CONT", unit)


@contextlib.contextmanager
def crowd():
    made = []
    try:
        for number in range(SHARES):
            user = USERS[number % len(USERS)]
            # pylint: disable-next=consider-using-with
            made.append(subprocess.Popen(
                ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
                 "/usr/bin/python3", "-c", CHURN, f"127.0.1.{number + 1}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        for process in made:
            assert process.stdout.readline() == b"ready\n"
        yield
    finally:
        harness.end(made)


def documented_mib(pattern):
    return int(re.search(pattern, MANUAL.read_text(encoding="utf-8"))[1])


def test_memory_is_what_the_manual_says(service):
    needs = documented_mib(r"together, these are (\d+) MiB")
    may = documented_mib(r"MemoryMax=(\d+)M")
    assert int(show("overstayd.service", "MemoryMax")) == may << 20
    assert needs < may
    one = service('interval: 1s\nranges: ["32768-60999"]\nthreshold: 20s\n'
                  "log: {appeared: info, vanished: info, after: 1s}\n")
    pid = one.pid
    with stopped("systemd-journald.service"), crowd():
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            time.sleep(1)  # pause: the attack lasts so long
            assert memory_kib(pid) < needs << 10
        print(f"# VmHWM {memory_kib(pid) / 1024:.1f} MiB")
    assert one.pid == pid
    assert show("overstayd.service", "NRestarts") == "0"
    # It is still there for all others.
    one.wait_entry(60, OVERSTAY_EVENT="started")
