# SPDX-License-Identifier: MIT
"""The service on a host that refuses what it needs: processes, netlink, time."""
import pathlib
import shutil
import time

import pytest

from conftest import QUICK, show
from crowds import CHURN, SUSPECTS
from harness import run, slowed, wait_until

PORT = 60855


def alert_about(one, offender, port=PORT):
    """The alert about a web server of an ordinary user."""
    offender(port)
    return one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=port)


@pytest.fixture(name="hidden_processes")
def _hidden_processes():
    """/proc as an administrator mounts it who lets users see their own processes alone."""
    run("mount", "-o", "remount,hidepid=2", "/proc")
    yield
    run("mount", "-o", "remount,hidepid=0", "/proc")


def test_hidden_processes_are_owners_all_the_same(service, offender, drop_in, hidden_processes):
    del hidden_processes
    drop_in("overstay-lookup.service", "[Service]\nProtectProc=invisible\nProcSubset=pid\n")
    one = service()
    alert = alert_about(one, offender)
    assert alert["OVERSTAY_OWNER"] == "process" and alert["OVERSTAY_UNIT"] == "offender.service"
    assert not one.entries(OVERSTAY_EVENT="degraded")


def test_a_lookup_that_sees_nothing_is_said_once(service, offender, drop_in):
    drop_in("overstay-lookup.service",
            "[Service]\nProtectProc=invisible\nAmbientCapabilities=\n")
    one = service()
    for port in (PORT, PORT + 1):
        offender(port, name=f"offender-{port}")
    for port in (PORT, PORT + 1):
        alert = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=port)
        assert alert["OVERSTAY_OWNER_REASON"] == "no-permission"
    degraded, = one.entries(OVERSTAY_EVENT="degraded")
    assert degraded["OVERSTAY_CONDITION"] == "lookup"
    assert not one.entries(OVERSTAY_EVENT="recovered")


def test_without_the_kernels_range_the_rest_is_watched(service, offender, drop_in):
    drop_in("overstayd.service", "[Service]\nProcSubset=pid\n")
    one = service(QUICK.replace('["60000-60999"]', '[kernel, "60000-60999"]'))
    # The id of the boot is hidden, too, by which it is known what is kept.
    assert sorted(entry["OVERSTAY_CONDITION"] for entry in
                  one.entries(OVERSTAY_EVENT="degraded")) == ["range", "store"]
    assert alert_about(one, offender)["OVERSTAY_OWNER"] == "process"


@pytest.mark.parametrize("setting", [
    "RestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX", "SystemCallFilter=~recvmsg"])
def test_without_netlink_proc_net_is_read(service, offender, drop_in, setting):
    drop_in("overstayd.service", f"[Service]\n{setting}\n")
    one = service()
    degraded, = one.entries(OVERSTAY_EVENT="degraded")
    assert degraded["OVERSTAY_CONDITION"] == "source"
    assert "DEGRADED: source" in show("overstayd.service", "StatusText")
    assert alert_about(one, offender)["OVERSTAY_OWNER"] == "process"


ATTACKER, VICTIM = 61001, 61002

# Two copies of a program hand one port to each other.
TURNS = """
import os, socket, subprocess, sys, time
port, span = sys.argv[1:]
code = ("import socket, sys, time; made = socket.socket();"
        "made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);"
        "made.bind(('127.0.0.1', int(sys.argv[1]))); made.listen(1);"
        "time.sleep(float(sys.argv[2]))")  # pause: its turn
print("ready", flush=True)
while True:
    for copy in ("one", "other"):
        subprocess.call([f"{os.environ['HOME']}/{copy}", "-c", code, port, span])
"""


WIDE = """interval: 1s
ranges: ["32768-60999"]
threshold: 6s
user: {threshold: 6s}
suspect: {threshold: 1s}
grace: 2s
log: {appeared: "off", vanished: "off"}
"""


def test_churn_of_one_user_hides_no_suspect_of_another(service, drop_in, start_as):
    """Nor does the watchdog end who is busy with it."""
    drop_in("overstayd.service", "[Service]\nWatchdogSec=3s\n")
    one = service(WIDE)
    start_as(ATTACKER, CHURN, "127.0.0.1", 32768, 6000, 1, 5)
    time.sleep(5)  # pause: it has come and gone
    start_as(VICTIM, SUSPECTS, 59999, 1)
    alert = one.wait_entry(OVERSTAY_EVENT="suspect", OVERSTAY_PORT=59999, PRIORITY=2, seconds=15)
    assert alert["OVERSTAY_UID"] == str(VICTIM)
    # What is not looked up in time is no silence, and no lack of permission.
    with slowed(wait_until(lambda: int(show("overstay-lookup.service", "MainPID")))):
        one.wait_entry(OVERSTAY_EVENT="degraded", OVERSTAY_CONDITION="crowded", seconds=40)
    assert not one.entries(OVERSTAY_EVENT="degraded", OVERSTAY_CONDITION="lookup")
    assert show("overstayd.service", "NRestarts") == "0"


def test_suspects_of_one_user_are_bounded(service, start_as):
    one = service(WIDE)
    start_as(ATTACKER, SUSPECTS, 50100, 60)
    start_as(VICTIM, SUSPECTS, 50900, 1)
    one.wait_entry(OVERSTAY_EVENT="suspect", OVERSTAY_PORT=50900, PRIORITY=2)
    wait_until(lambda: len([entry for entry in one.entries(OVERSTAY_EVENT="suspect")
                            if entry.get("OVERSTAY_UID") == str(ATTACKER)
                            and "OVERSTAY_STAY" in entry]) == 60, 30)
    graver = [entry for entry in one.entries(OVERSTAY_EVENT="suspect", PRIORITY=2)
              if "OVERSTAY_STAY" in entry and entry["OVERSTAY_UID"] == str(ATTACKER)]
    assert len(graver) == 10


def test_turns_of_two_copies_are_one_occupation(service, start_as):
    one = service(WIDE)
    home = pathlib.Path("/srv/turns")
    home.mkdir(exist_ok=True)
    for copy in ("one", "other"):
        shutil.copy("/usr/bin/python3", home / copy)
    # Each for less than the threshold, and no gap is as long as the grace.
    start_as(ATTACKER, TURNS, PORT, 3, home=home)
    alert = one.wait_entry(OVERSTAY_EVENT="turns", OVERSTAY_PORT=PORT, seconds=30)
    assert "/srv/turns/one" in alert["MESSAGE"] and "/srv/turns/other" in alert["MESSAGE"]
    assert not one.entries(OVERSTAY_EVENT="overstay")
