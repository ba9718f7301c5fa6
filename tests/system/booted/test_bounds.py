# SPDX-License-Identifier: MIT
"""As many listeners as are watched, opened anew all the time, while the journal takes nothing: the
service needs no more memory than its manual says, and that is far below what it may have."""
import contextlib
import pathlib
import re
import time

from conftest import show
from crowds import CHURN
from harness import end, memory_kib, run

USERS = (61001, 61002, 61003)
# More than are watched, in all; a process may have 15,000 descriptors on most hosts.
SHARES = 5
SHARE = 14000
SECONDS = 60
PACE = 5
MANUAL = pathlib.Path("/usr/share/man/man8/overstayd.8")


@contextlib.contextmanager
def stopped(unit):
    run("systemctl", "kill", "--signal=STOP", unit)
    try:
        yield
    finally:
        run("systemctl", "kill", "--signal=CONT", unit)


def documented_mib(pattern):
    return int(re.search(pattern, MANUAL.read_text(encoding="utf-8"))[1])


def test_memory_is_what_the_manual_says(service, start_as):
    needs = documented_mib(r"together, these are (\d+) MiB")
    may = documented_mib(r"MemoryMax=(\d+)M")
    assert int(show("overstayd.service", "MemoryMax")) == may << 20
    assert needs < may
    one = service('interval: 1s\nranges: ["32768-60999"]\nthreshold: 20s\n'
                  "log: {appeared: info, vanished: info, after: 1s}\n")
    pid = one.pid
    with stopped("systemd-journald.service"):
        crowd = [start_as(USERS[number % len(USERS)], CHURN, f"127.0.1.{number + 1}", 32768, SHARE, 2,
                          PACE) for number in range(SHARES)]
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            time.sleep(1)  # pause: the attack lasts so long
            assert memory_kib(pid) < needs << 10
        end(crowd)
        print(f"# VmHWM {memory_kib(pid) / 1024:.1f} MiB")
    assert one.pid == pid
    assert show("overstayd.service", "NRestarts") == "0"
    # It is still there for all others.
    one.wait_entry(60, OVERSTAY_EVENT="started")
