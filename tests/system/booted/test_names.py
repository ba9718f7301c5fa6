# SPDX-License-Identifier: MIT
"""Users of a name service that needs /run: by hand, in --check and in the service alike.

The module is nss-systemd: it reads records in /run/userdb, and asks services in
/run/systemd/userdb, as sssd, winbind and nscd are asked in places of their own.
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

import harness
from conftest import CONFIG, QUICK, show
from harness import run, wait_until

PORT = 60855
USERDB = pathlib.Path("/run/userdb")
SERVICES = pathlib.Path("/run/systemd/userdb")
UNITS = ("overstay-names.service", "overstay-names.socket")


def allow(match):
    return (QUICK + "rules:\n  - name: the test's own\n"
            f"    match: {{port: {PORT}, {match}}}\n    action: allow\n")


@pytest.fixture(name="record")
def _record():
    """record(name, number): a user and a group of that name that only nss-systemd knows."""
    made = []

    def make(name, number):
        USERDB.mkdir(exist_ok=True)
        for kind, text in (("user", {"userName": name, "uid": number, "gid": number,
                                     "disposition": "regular"}),
                           ("group", {"groupName": name, "gid": number})):
            path = USERDB / f"{name}.{kind}"
            path.write_text(json.dumps(text), encoding="ascii")
            link = USERDB / f"{number}.{'user' if kind == 'user' else 'group'}"
            link.symlink_to(path.name)
            made.extend((path, link))
        wait_until(lambda: run("getent", "passwd", name, check=False).returncode == 0, 10,
                   "nss-systemd, of libnss-systemd, is in /etc/nsswitch.conf")

    yield make
    for path in made:
        path.unlink(missing_ok=True)


@pytest.fixture(name="listen_as")
def _listen_as():
    """listen_as(uid, port): a web server of a user by number, whom nobody has to know."""
    started = []

    def start(number, port):
        started.append(subprocess.Popen(
            ["/usr/bin/python3", "-I", "-m", "http.server", str(port)], cwd="/usr/share",
            user=number, group=number, extra_groups=[], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    yield start
    for one in started:
        one.terminate()
        one.wait()


@pytest.fixture(name="hang")
def _hang():
    """hang(): from now on there is a user database that takes every question and answers none."""
    path = SERVICES / "io.example.Hanging"
    listener = socket.socket(socket.AF_UNIX)

    def start():
        path.parent.mkdir(exist_ok=True)
        listener.bind(str(path))
        path.chmod(0o666)
        # Whoever connects waits; nobody takes the connection.
        listener.listen(512)

    yield start
    path.unlink()
    listener.close()


def check(*options):
    return run("overstayd", "--check", *options, check=False)


def test_the_same_by_hand_and_in_the_service(service, offender, record):
    record("acmeperson", 23457)
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(allow('user: [acmeperson, "@acmeperson"]'), encoding="utf-8")
    done = check("--strict")
    assert done.returncode == 0 and done.stderr == ""
    one = service(allow("user: acmeperson"))
    one.wait_entry(OVERSTAY_EVENT="started")
    offender(PORT, user="acmeperson")
    offender(PORT + 1, name="other", user="acmeperson")
    # Not allowed, and shown with the name.
    alert = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT + 1)
    assert alert["OVERSTAY_USER"] == "acmeperson" and alert["OVERSTAY_UID"] == "23457"
    assert not one.entries(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT)
    # A reload checks in the unit's sandbox.
    run("systemctl", "reload", "overstayd.service")
    assert not [entry for entry in one.entries(OVERSTAY_EVENT="config")
                if "names" in entry["MESSAGE"] or "name " in entry["MESSAGE"]]


def test_a_user_of_a_dynamic_service(service):
    """DynamicUser=: the user is there while the service runs."""
    run("systemd-run", "--quiet", "--unit=dyn", "-p", "DynamicUser=yes", "-p", "User=acmedyn",
        "/usr/bin/python3", "-m", "http.server", "--directory=/usr/share", str(PORT))
    try:
        one = service(allow("user: acmedyn"))
        one.wait_entry(OVERSTAY_EVENT="started")
        assert check("--strict").returncode == 0
        wait_until(lambda: run("overstayd", "--once", "--raw", "--output=port,allowed", "-c",
                               CONFIG).stdout.split()[-2:] == [str(PORT), "yes"])
        assert not one.entries(OVERSTAY_EVENT="overstay")
    finally:
        run("systemctl", "stop", "dyn.service", check=False)


def test_a_name_that_is_not_there_is_one_line(service, offender):
    one = service(allow("user: [no-such-user-here, nobody]"))
    one.wait_entry(OVERSTAY_EVENT="started")
    entry = one.wait_entry(OVERSTAY_EVENT="config", PRIORITY=6)
    assert 'CONFIG 1 name unknown here: "no-such-user-here" (' in entry["MESSAGE"]
    offender(PORT)
    offender(PORT + 1, name="other")
    one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT + 1)
    assert not one.entries(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT)
    assert show("overstayd.service", "NRestarts") == "0"


def test_a_user_who_comes_later(service, listen_as, record):
    record("acmelate", 23458)
    for path in USERDB.glob("*"):
        path.rename(path.with_name("hidden-" + path.name))
    one = service(allow("user: acmelate"))
    one.wait_entry(OVERSTAY_EVENT="config", PRIORITY=6)
    listen_as(23458, PORT)
    one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT)
    for path in USERDB.glob("hidden-*"):
        path.rename(path.with_name(path.name.removeprefix("hidden-")))
    # Asked again 10 s, 30 s, 1 min and 5 min after the start.
    one.wait_entry(OVERSTAY_EVENT="cleared", OVERSTAY_PORT=PORT, seconds=60)
    known = [entry["MESSAGE"] for entry in one.entries(OVERSTAY_EVENT="config")]
    assert any('1 name known here: "acmelate" (23458)' in text for text in known), known


def test_a_name_service_that_hangs(service, listen_as, hang):
    """Local users are known; the others are waited for, but not for long, and never by the loop."""
    one = service(allow("user: nobody"))
    wait_until(lambda: show("overstay-names.service", "ActiveState") == "active")
    # Not before: systemd itself asks the name services when it starts a process.
    hang()
    CONFIG.write_text(allow("user: [acmehung, nobody]"), encoding="utf-8")
    begun = time.monotonic()
    assert check().stderr.startswith("note: 1 name not resolved, ")
    assert time.monotonic() - begun < 10
    os.kill(one.pid, signal.SIGHUP)
    entry = one.wait_entry(OVERSTAY_EVENT="config", PRIORITY=4)
    assert '1 name not resolved, overstay-names gave no answer: "acmehung" (' in entry["MESSAGE"]
    listen_as(65534, PORT)
    listen_as(4711, PORT + 1)
    # The user of the first one is known by files, which are asked first.
    alert = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT + 1)
    assert alert["OVERSTAY_UID"] == "4711" and "OVERSTAY_USER" not in alert
    assert int(alert["OVERSTAY_AGE_USEC"]) < 3000000
    assert not one.entries(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT)
    os.kill(one.pid, signal.SIGTERM)
    stopped = one.wait_entry(OVERSTAY_EVENT="stopped")
    assert int(stopped["OVERSTAY_LONGEST_HOLD_USEC"]) < 1000000


def test_overstay_names_comes_back(service, offender):
    one = service(allow("user: no-such-user-here"))
    one.wait_entry(OVERSTAY_EVENT="started")
    run("systemctl", "kill", "-s", "KILL", "overstay-names.service")
    wait_until(lambda: show("overstay-names.service", "ActiveState") == "failed")
    run("systemctl", "reload", "overstayd.service")
    wait_until(lambda: show("overstay-names.service", "ActiveState") == "active")
    offender(PORT)
    alert = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT)
    assert alert["OVERSTAY_UID"] == "65534"
    run("systemctl", "stop", "overstayd.service")
    for unit in UNITS:
        assert show(unit, "ActiveState") in ("inactive", "failed"), unit


def test_no_module_in_overstayd(service, offender):
    """overstayd has no module of the name services mapped, after it has shown a name."""
    one = service(allow("user: no-such-user-here"))
    offender(PORT)
    one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_USER="nobody")
    maps = pathlib.Path(f"/proc/{one.pid}/maps").read_text(encoding="utf-8")
    assert "libc.so" in maps and "libnss" not in maps
    names = int(show("overstay-names.service", "MainPID"))
    assert "libnss" not in pathlib.Path(f"/proc/{names}/maps").read_text(encoding="utf-8")
    assert harness.journal("_SYSTEMD_UNIT=overstay-names.service") == []
