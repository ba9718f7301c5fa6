# SPDX-License-Identifier: MIT
"""What the service knows after a restart: for how long nobody watched, and why."""
import contextlib
import pathlib
import sqlite3
import time

import pytest

from conftest import QUICK, Service, show
from harness import run, wait_until

STATE = pathlib.Path("/var/lib/overstay")
DISK, MEMORY = STATE / "overstay.db", pathlib.Path("/run/overstay/overstay.db")
OTHER_BOOT = "7d5a1f9c000040008000000000000001"


def ask(path, statement):
    """The rows, as an auditor has them: read-only."""
    name = f"file:{path}?mode=ro"
    with contextlib.closing(sqlite3.connect(name, uri=True, timeout=5)) as database:
        return database.execute(statement).fetchall()


def change(path, statement):
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


def polled():
    return ask(MEMORY, "SELECT polled_usec FROM poll")[0][0]


def wait_poll():
    """Until a poll that began from now on is kept."""
    now = time.time() * 1000000
    wait_until(lambda: MEMORY.exists() and ask(MEMORY, "SELECT 1 FROM poll") and polled() > now)


@pytest.fixture(name="fresh")
def _fresh():
    """As on a host that overstayd never ran on."""
    MEMORY.unlink(missing_ok=True)
    yield
    MEMORY.unlink(missing_ok=True)


def started(one, reason):
    entry = one.wait_entry(OVERSTAY_EVENT="started")
    assert entry["OVERSTAY_UNWATCHED_REASON"] == reason, entry["MESSAGE"]
    return entry


def length(entry, name="OVERSTAY_UNWATCHED_USEC"):
    other, = {"OVERSTAY_UNWATCHED_USEC", "OVERSTAY_UNWATCHED_MAX_USEC"} - {name}
    assert other not in entry
    return int(entry[name])


def test_a_start_says_why_nobody_watched(service, drop_in, fresh):
    del fresh
    drop_in("overstayd.service", "[Service]\nRestartSec=100ms\n")
    one = service()
    entry = started(one, "first-start")
    assert "OVERSTAY_UNWATCHED_USEC" not in entry

    wait_poll()
    before = time.time() * 1000000
    run("systemctl", "stop", "overstayd.service")
    stopped_until = time.time()
    wait_until(lambda: time.time() > stopped_until + 1)
    one = service()
    stopped = length(started(one, "stopped"))
    assert 1000000 <= stopped < time.time() * 1000000 - before + 1000000

    wait_poll()
    run("systemctl", "kill", "-s", "KILL", "--kill-who=main", "overstayd.service")
    wait_until(lambda: show("overstayd.service", "InvocationID") != one.invocation
               and show("overstayd.service", "ActiveState") == "active", 20)
    killed = length(started(Service(), "killed"))
    assert 100000 <= killed < 20000000

    wait_until(lambda: len(ask(DISK, "SELECT 1 FROM gap")) == 3)
    assert ask(DISK, "SELECT reason, at_most, until_usec - since_usec FROM gap") == [
        ("first-start", 0, None), ("stopped", 0, stopped), ("killed", 0, killed)]


@pytest.mark.parametrize("clean", [True, False])
def test_another_boot_is_said(service, fresh, clean):
    del fresh
    service()
    wait_poll()
    run("systemctl", "stop", "overstayd.service")
    # As if the host had been started since: what is in memory is gone.
    MEMORY.unlink()
    change(DISK, f"UPDATE meta SET boot_id = '{OTHER_BOOT}', stopped = {int(clean)}")
    polled_usec, = ask(DISK, "SELECT polled_usec FROM meta")[0]
    one = service()
    entry = started(one, "host-down")
    name = "OVERSTAY_UNWATCHED_USEC" if clean else "OVERSTAY_UNWATCHED_MAX_USEC"
    assert 0 < length(entry, name) < time.time() * 1000000 - polled_usec
    assert ("for at most " in entry["MESSAGE"]) != clean


def test_an_idle_host_writes_nothing_to_its_disk(service, fresh):
    del fresh
    one = service()
    wait_until(lambda: ask(DISK, "SELECT 1 FROM gap"))

    def written():
        lines = pathlib.Path(f"/proc/{one.pid}/io").read_text(encoding="ascii").splitlines()
        return (next(line for line in lines if line.startswith("write_bytes")),
                DISK.stat().st_mtime_ns, STATE.stat().st_mtime_ns)

    wait_poll()
    before = written()
    for _ in range(10):
        wait_poll()
    assert written() == before


def test_a_full_disk_is_said_and_what_waits_is_saved_later(service, fresh):
    del fresh
    STATE.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", STATE)
    try:
        filler = STATE / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        one = service(QUICK)
        entry = one.wait_entry(OVERSTAY_EVENT="degraded", OVERSTAY_CONDITION="store")
        assert "No space left on device" in entry["MESSAGE"] and str(DISK) in entry["MESSAGE"]
        assert started(one, "unknown")
        filler.unlink()
        one.wait_entry(OVERSTAY_EVENT="recovered", OVERSTAY_CONDITION="store", seconds=60)
        # The gap is in the database, although it was over before there was room for one.
        wait_until(lambda: ask(DISK, "SELECT reason FROM gap") == [("first-start",)])
        wait_poll()
        run("systemctl", "stop", "overstayd.service")
        started(service(QUICK), "stopped")
    finally:
        run("systemctl", "stop", "overstayd.service")
        run("umount", STATE)


def test_a_later_version_is_put_aside(service, fresh):
    del fresh
    service()
    wait_poll()
    run("systemctl", "stop", "overstayd.service")
    change(DISK, "PRAGMA user_version = 1000")
    MEMORY.unlink()
    one = service()
    entry = one.wait_entry(OVERSTAY_EVENT="degraded", OVERSTAY_CONDITION="store")
    assert "another version" in entry["MESSAGE"]
    started(one, "unknown")
    assert ask(f"{DISK}.other-version", "PRAGMA user_version") == [(1000,)]
    assert ask(DISK, "PRAGMA user_version") == [(1,)]
