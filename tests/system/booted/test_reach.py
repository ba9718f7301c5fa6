# SPDX-License-Identifier: MIT
"""Every Unix socket of the host, tried from inside each unit's sandbox.

What the kernel lists (/proc/net/unix), by path and abstract, is connected to by a program in the
place of the unit's own: in overstayd's place confined as that confines itself. One more that can be
reached than stands here and in the manual fails the test; root's in /run, in /var and abstract ones
are put there for it. Tried again after journald and its socket units were started anew.
"""
import json
import os
import pathlib
import re
import socket
import stat
import struct

import pytest

from conftest import confined, show
from harness import SOURCE, run, wait_until

HERE = pathlib.Path("/srv/reach")
WALK = HERE / "walk"
LIST = HERE / "list"

KINDS = {1: "stream", 2: "dgram", 5: "packet"}

# wire/names.h, both ends of which come from one build.
NAMES_VERSION = int(re.search(r"NAMES_VERSION 0x([0-9a-f]+)U", pathlib.Path(
    SOURCE, "daemon/wire/names.h").read_text(encoding="utf-8")).group(1), 16)

# Root's own, of each kind: some that every user may connect to, some that only root may.
PLACES = ["/run/reach-{}", "/run/reach-open-{}", "/var/lib/reach/{}", "/var/lib/reach/open-{}",
          "/var/reach-{}", "/home/reach-{}", "/root/reach-{}", "/tmp/reach-{}", "/dev/shm/reach-{}",
          "@reach-{}", "@/run/reach-{}"]

SERVE = """
import os, signal, socket
held = []
for number, name in {kinds}.items():
    for place in {places}:
        made = socket.socket(socket.AF_UNIX, number)
        path = place.format(name)
        if not path.startswith("@"):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.exists(path):
                os.unlink(path)
        made.bind(path.replace("@", chr(0), 1) if path.startswith("@") else path)
        if not path.startswith("@"):
            os.chmod(path, 0o666 if "open-" in path else 0o600)
        if number != 2:
            made.listen()
        held.append(made)
signal.pause()
"""

# Connects to all of the list, each by its own kind; writes those that it reached.
WALKER = r"""#!/usr/bin/python3
import json, os, socket, sys, time

def reached():
    found = []
    for kind, path in json.load(open("/srv/reach/list")):
        for prefix in ("", "/proc/1/root"):
            if path.startswith("@") and prefix:
                continue
            address = prefix + path
            if path.startswith("@"):
                address = chr(0) + path[1:]
            try:
                with socket.socket(socket.AF_UNIX, kind) as made:
                    made.settimeout(2)
                    made.connect(address)
                found.append((kind, prefix + path))
            except OSError:
                pass
    return found

if len(sys.argv) == 1:
    print("REACHED " + json.dumps(reached()), flush=True)
    sys.exit()
for turn in sys.argv[2:]:
    while not os.path.exists("/srv/reach/go-" + turn):
        time.sleep(0.02)  # poll
    with open(sys.argv[1] + "/" + turn + ".new", "w") as file:
        json.dump(reached(), file)
    os.rename(sys.argv[1] + "/" + turn + ".new", sys.argv[1] + "/" + turn)
"""

# All that overstayd can reach, see SECURITY in overstayd(8).
OF_OVERSTAYD = {
    (2, "/run/systemd/journal/socket"),
    (2, "/run/systemd/notify"),
    (5, "/run/overstay/lookup.sock"),
    (5, "/run/overstay/names.sock"),
}
# And what a restart of journald's socket units makes visible.
MADE_ANEW = {(2, "/run/systemd/journal/dev-log"), (2, "/run/systemd/journal/syslog")}

JOURNALD = ["systemd-journald.socket", "systemd-journald-dev-log.socket"]


def listed():
    """(kind, path) of every socket with a name; abstract ones with @."""
    rows = pathlib.Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()[1:]
    found = {(int(row.split()[4], 16), row.split(None, 7)[7]) for row in rows
             if len(row.split(None, 7)) == 8}
    return {(kind, path) for kind, path in found if path[0] in "/@"}


def write_list():
    sockets = sorted(listed())
    LIST.write_text(json.dumps(sockets), encoding="utf-8")
    return set(sockets)


def reachable_outside():
    return {tuple(one) for one in
            json.loads(run(WALK).stdout[len("REACHED "):])}


@pytest.fixture(scope="module", autouse=True, name="sockets")
def _sockets():
    """Root's sockets, and the walker."""
    HERE.mkdir(exist_ok=True)
    WALK.write_text(WALKER, encoding="utf-8")
    WALK.chmod(0o755)
    run("systemctl", "start", "dbus.socket", check=False)
    run("systemd-run", "--quiet", "--unit=reach", "/usr/bin/python3", "-c",
        SERVE.format(kinds=KINDS, places=PLACES))
    planted = {(number, place.format(name)) for number, name in KINDS.items() for place in PLACES}
    wait_until(lambda: planted <= listed(), 20, "root's sockets")
    yield planted
    run("systemctl", "stop", "reach.service")
    for _, path in planted:
        if path.startswith("/"):
            pathlib.Path(path).unlink(missing_ok=True)


def start_walk(unit, drop_in, command, kind="oneshot"):
    drop_in(unit, f"""[Service]
Type={kind}
Restart=no
WatchdogSec=0
ExecStart=
ExecStart={command}
ExecReload=
""")
    run("systemctl", "start", unit)


def walked(unit, drop_in):
    """What the walker reached in the unit's sandbox."""
    start_walk(unit, drop_in, str(WALK))

    def said():
        run("journalctl", "--sync")
        text = run("journalctl", "-q", "--no-pager", "--all", "-o", "cat", "-u", unit).stdout
        return [line for line in text.splitlines() if line.startswith("REACHED ")]

    return {tuple(one) for one in
            json.loads(wait_until(said, 20, "the walker's answer")[-1][len("REACHED "):])}


def test_outside_all_of_them_are_reached(sockets):
    """Else a walk that reaches nothing would prove nothing."""
    listing = write_list()
    reached = reachable_outside()
    assert sockets <= reached, sockets - reached
    assert {(1, "/run/systemd/private"), (1, "/run/systemd/journal/io.systemd.journal"),
            (1, "/run/systemd/journal/stdout")} <= reached
    assert len(listing) > len(sockets)


def needs_scopes():
    """Abstract sockets are closed by Landlock, where the kernel has it."""
    release = os.uname().release.split(".")
    return (int(release[0]), int(release[1])) >= (6, 12)


def made_anew():
    """Journald and its sockets stopped and started, with new sockets in the same directory."""
    before = pathlib.Path("/run/systemd/journal/socket").stat().st_ino
    run("systemctl", "stop", *JOURNALD, "systemd-journald.service")
    run("systemctl", "start", *JOURNALD, "systemd-journald.service")
    wait_until(lambda: pathlib.Path("/run/systemd/journal/socket").stat().st_ino != before)


def test_overstayd(drop_in, service):
    """Few are reached, before and after journald's socket was made anew."""
    del service
    run("systemctl", "start", "overstay-lookup.socket", "overstay-names.socket")
    write_list()
    start_walk("overstayd.service", drop_in,
               f"{confined()} {WALK} /var/lib/overstay one two", "exec")

    def walk(turn):
        write_list()
        (HERE / f"go-{turn}").touch()
        result = pathlib.Path("/var/lib/overstay") / turn
        wait_until(result.exists, 20, f"the walk {turn}")
        reached = {tuple(one) for one in json.loads(result.read_text(encoding="utf-8"))}
        if not needs_scopes():
            reached = {(kind, path) for kind, path in reached if path[0] != "@" or kind == 1}
        return reached

    assert walk("one") == OF_OVERSTAYD
    made_anew()
    again = walk("two")
    assert OF_OVERSTAYD <= again
    assert again <= OF_OVERSTAYD | MADE_ANEW
    for turn in ("one", "two"):
        (HERE / f"go-{turn}").unlink()


def test_lookup(drop_in, service):
    del service
    write_list()
    run("systemctl", "start", "overstay-lookup.socket")
    assert walked("overstay-lookup.service", drop_in) == set()


def is_open(path):
    """Whether every user may connect to it."""
    file = pathlib.Path(path)
    return file.stat().st_mode & stat.S_IWOTH and \
        all(parent.stat().st_mode & stat.S_IXOTH for parent in file.parents)


def test_names(drop_in, service):
    """It reaches what every user may, in /run and /var, without what no name service needs."""
    del service
    write_list()
    run("systemctl", "start", "overstay-names.socket")
    reached = walked("overstay-names.service", drop_in)
    for kind, path in reached:
        assert path.startswith(("/run/", "/var/")) and is_open(path), (kind, path)
        assert not path.startswith(("/run/dbus/", "/run/systemd/journal/", "/run/systemd/notify",
                                    "/run/systemd/private", "/run/overstay/")), path
    assert (1, "/run/reach-open-stream") in reached


# Answers as rpcbind does: root registered the lock manager of NFS on TCP port 34839, and somebody
# else on 34840.
RPCBIND = r"""
import os, socket, struct
def text(value):
    return struct.pack(">I", len(value)) + value + bytes(-len(value) % 4)
def registered(address, owner):
    return struct.pack(">III", 1, 100021, 4) + text(b"tcp") + text(address) + text(owner)
answer = (struct.pack(">6I", 0x6f767374, 1, 0, 0, 0, 0) + registered(b"0.0.0.0.136.23", b"superuser")
          + registered(b"0.0.0.0.136.24", b"1000") + struct.pack(">I", 0))
path = "/run/rpcbind.sock"
if os.path.exists(path):
    os.unlink(path)
held = socket.socket(socket.AF_UNIX)
held.bind(path)
os.chmod(path, 0o666)
held.listen()
while True:
    made = held.accept()[0]
    made.recv(4096)
    made.sendall(struct.pack(">I", 0x80000000 | len(answer)) + answer)
    made.close()
"""


def registrant(port):
    """What overstay-names answers when it is asked who registered a TCP port of IPv4."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as made:
        made.settimeout(10)
        made.connect("/run/overstay/names.sock")
        made.send(struct.pack("=8I", NAMES_VERSION, 1, 7, 32, 2, 0, port, 0))
        answer = made.recv(4096)
    status = struct.unpack_from("=7I", answer)[4]
    return (status, answer[28:])


def test_names_asks_rpcbind(service):
    """In its sandbox, and of an rpcbind that was started anew too."""
    service()
    run("systemctl", "stop", "rpcbind.socket", "rpcbind.service", check=False)
    for _ in range(2):
        run("systemd-run", "--quiet", "--collect", "--unit=answering-rpcbind", "/usr/bin/python3",
            "-c", RPCBIND)
        wait_until(lambda: registrant(34839) == (0, b"superuser"))
        assert registrant(34840) == (1, b"")
        assert registrant(34841) == (1, b"")
        run("systemctl", "stop", "answering-rpcbind.service")
        # Nobody can say.
        assert registrant(34839) == (2, b"")


def test_alerts_come_after_journald_and_its_sockets_were_made_anew(service, offender):
    running = service()
    running.wait_entry(OVERSTAY_EVENT="started")
    made_anew()
    offender(60123)
    running.wait_entry(OVERSTAY_PORT="60123", OVERSTAY_EVENT="overstay")
    assert show("overstayd.service", "NRestarts") == "0"
