# SPDX-License-Identifier: MIT
"""Match keys of rules on real programs, a row each: whose rule applies, and whose does not.

All are started side by side. Each rule names one port and one key; where the row says so it has to
apply, else the listener overstays like any other. Links are changed while the daemon runs.
"""
import os
import pathlib
import pwd
import socket

import pytest

from conftest import CONFIG, Service, clean_up
from harness import OVERSTAYD, run, wait_until
from stage import ALICE, ALICE_UID, ASKED, Scene, Stage

PORTS = iter(range(ASKED[0] + 100, ASKED[-1]))
SESSIONS = pathlib.Path("/run/systemd/sessions")
HEAD = f"""interval: 200ms
ranges: ["{ASKED[0]}-{ASKED[-1]}"]
threshold: 1h
suspect: {{threshold: never, weak_threshold: never}}
log: {{appeared: info, vanished: info, after: 300ms}}
rules:
"""
STAND_IN = "/opt/match/bin/acmed"
NAME = os.uname().nodename


def service(s, **options):
    s.service([STAND_IN, "-p", str(s.port)], **options)


def loose(s, program=STAND_IN, **options):
    s.loose([program, "-p", str(s.port)], **options)


def in_session(s, number, kind):
    """In a session that logind has of that type."""
    SESSIONS.mkdir(parents=True, exist_ok=True)
    (SESSIONS / number).write_text(f"UID={ALICE_UID}\nACTIVE=1\nSTATE=online\nTYPE={kind}\n"
                                   "SERVICE=login\n", encoding="ascii")
    s.session([STAND_IN, "-p", str(s.port)], number=number)


def logged_in(s):
    """As pam_loginuid(8) does it, where the kernel audits."""
    s.stage.spawn(["sh", "-c", f"echo {ALICE_UID} >/proc/self/loginuid; exec \"$@\"", "sh",
                   STAND_IN, "-p", str(s.port)])


def child(s):
    """Started by a program that waits for it."""
    parent = s.place("/opt/match/bin/parentd", source="/usr/bin/dash")
    s.service([parent, "-c", f"{STAND_IN} -p {s.port}; true"])


def bound(s, device):
    """On all addresses of one interface."""
    s.service(["/usr/bin/python3", "-c",
               "import signal, socket\nheld = socket.socket()\n"
               f"held.setsockopt(socket.SOL_SOCKET, 25, {device!r}.encode())\n"
               f"held.bind(('', {s.port}))\nheld.listen()\nsignal.pause()\n"])


def mapped(s):
    """An address of IPv4, by a socket of IPv6."""
    s.service(["/usr/bin/python3", "-c",
               "import signal, socket\nheld = socket.socket(socket.AF_INET6)\n"
               f"held.bind(('::ffff:127.0.0.1', {s.port}))\nheld.listen()\nsignal.pause()\n"])


def link(s, path, target=STAND_IN):
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(path).unlink(missing_ok=True)
    os.symlink(target, path)
    service(s)


# As engines name what they start; each could be a container of the system's.
ID = "5a" * 32
CONTAINERS = {
    "nspawn": ("machine-web1.scope", "web1"),
    "podman": (f"libpod-{ID}.scope", ID),
    "docker": (f"docker-{ID}.scope", ID),
    "crio": (f"crio-{ID}.scope", ID),
    "lxc": ("lxc.payload.web1", "web1"),
    "kubepods": (f"kubepods.slice/cri-containerd-{ID}.scope", ID),
}
BELOW_ALICES = f"user.slice/user-{ALICE_UID}.slice/user@{ALICE_UID}.service/app.slice"


def below_alices(s, cgroup, user=ALICE):
    """In a cgroup of that name which alice made below her own service manager."""
    loose(s, cgroup=f"{BELOW_ALICES}/{cgroup}", user=user, owner=ALICE)


def below_a_services(s, cgroup):
    """In a cgroup of that name which a service made in its own, which it was given."""
    made = f"/sys/fs/cgroup/system.slice/sit-{s.name}.service/{cgroup}"
    s.service(["/bin/sh", "-c", f"mkdir -p {made} && echo $$$$ >{made}/cgroup.procs && "
               f"exec {STAND_IN} -p {s.port}"], user="www-data", properties=["Delegate=yes"])


def imitations():
    """Rows: no rule for a container of the system's applies to what users name like it."""
    rows = {}
    for name, (cgroup, container) in CONTAINERS.items():
        key = f"container: '{container}'"
        rows |= {
            f"{name}-below-a-manager": (
                lambda s, cgroup=cgroup: below_alices(s, f"{s.name}/{cgroup}"), key, False),
            f"{name}-as-a-user-unit": (
                lambda s, cgroup=cgroup: below_alices(s, cgroup), key, False),
            f"{name}-of-a-service": (
                lambda s, cgroup=cgroup: below_a_services(s, cgroup), key, False),
        }
    return rows


# Takes whatever sockets are sent to it, as a message bus does.
RECEIVER = """
import socket, sys
taken, here = [], socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
here.bind("\\0" + sys.argv[1])
while True:
    taken.append(socket.recv_fds(here, 9, 9))
"""
# Has somebody else's program hold its listener, and keeps it in a message to itself until somebody
# connects: no process of its own is seen to hold it.
PARKED = """
import os, select, socket, sys, time
held = socket.socket()
held.bind(("127.0.0.1", int(sys.argv[1])))
if sys.argv[2] == "su":
    held.set_inheritable(True)
    here, there = os.pipe()
    os.set_inheritable(there, True)
    if os.fork() == 0:
        os.dup2(here, 0)
        os.execv("/usr/bin/su", ["su", "root"])
    held.set_inheritable(False)
else:
    bus = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    while bus.connect_ex("\\0" + sys.argv[2]):
        time.sleep(.1)  # pause: until the receiver is there
    socket.send_fds(bus, [b"x"], [held.fileno()])
to, box = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
waiting = select.epoll()
waiting.register(held.fileno(), select.EPOLLIN)
socket.send_fds(to, [b"x"], [held.fileno()])
held.listen()
held.close()
waiting.poll()
held = socket.socket(fileno=socket.recv_fds(box, 9, 1)[1][0])
held.accept()[0].send(b"served")
"""

# Name: how it is started, the keys of its rule, whether that applies.
ROWS = {
    "slice": (lambda s: service(s, slice_name="match-in.slice"), "slice: match.slice", True),
    "slice-of-another": (service, "slice: match.slice", False),
    "slice-of-a-user": (lambda s: in_session(s, "31", "tty"), "slice: 'user-*.slice'", True),
    "session": (lambda s: in_session(s, "32", "wayland"), "session: wayland", True),
    "session-of-another-type": (lambda s: in_session(s, "33", "tty"), "session: x11", False),
    "session-of-any-type": (lambda s: in_session(s, "34", "tty"), "session: '*'", True),
    "session-none": (service, "session: '*'", False),
    "loginuid": (logged_in, f"loginuid: {ALICE}", None),
    "loginuid-none": (service, "loginuid: none", None),
    "loginuid-of-another": (service, f"loginuid: {ALICE}", False),
    "parent": (child, "parent: /opt/match/bin/parentd", True),
    "parent-systemd": (service, "parent: /sbin/init", True),
    "parent-of-another": (service, "parent: /opt/match/bin/parentd", False),
    "interface": (lambda s: bound(s, "lo"), "interface: 'l?'", True),
    "interface-of-another": (lambda s: bound(s, "lo"), "interface: 'eth*'", False),
    "interface-none": (service, "interface: ''", True),
    "interface-some": (service, "interface: '*'", False),
    "hostname": (service, f"hostname: [no-such-host, '{NAME}']", True),
    "hostname-of-another": (service, "hostname: no-such-host", False),
    "any": (service, "any: [{user: www-data}, {exe: /opt/match/bin/acmed}]", True),
    "any-of-none": (service, "any: [{user: www-data}, {not: {exe: /opt/match/bin/acmed}}]",
                    False),
    "unit-with-a-dash": (lambda s: service(s, name=r"match-my\x2dapp"),
                         r"unit: 'match-my\x2dapp.service'", True),
    "unit-with-a-dash-glob": (lambda s: service(s, name=r"match-other\x2dapp"),
                              r"unit: 'match-other\x2d*'", True),
    "exe-merged-usr": (lambda s: s.service(["/usr/bin/python3", "-c", "import signal, socket\n"
                                            f"held = socket.create_server(('', {s.port}))\n"
                                            "signal.pause()\n"]), "exe: '/bin/python3*'", True),
    "exe-link": (lambda s: link(s, "/opt/match/link"), "exe: /opt/match/link", True),
    "exe-link-of-links": (lambda s: link(s, "/opt/match/far", "/opt/match/link"),
                          "exe: /opt/match/far", True),
    "exe-link-of-alice": (lambda s: link(s, f"/home/{ALICE}/bin/tool"),
                          f"exe: /home/{ALICE}/bin/tool", True),
    "exe-link-in-run": (lambda s: link(s, "/run/match/tool"), "exe: /run/match/tool", True),
    "exe-link-to-another": (lambda s: link(s, "/opt/match/other", "/usr/bin/env"),
                            "exe: /opt/match/other", False),
    "container": (lambda s: loose(s, cgroup="machine.slice/machine-web2.scope", user="root"),
                  "container: web2", True),
    "container-of-a-user": (lambda s: below_alices(s, f"libpod-{'5b' * 32}.scope"),
                            f"container: '{'5b' * 32}', user: {ALICE}", True),
    "container-of-another-user": (
        lambda s: below_alices(s, f"libpod-{'5c' * 32}.scope"),
        f"container: '{'5c' * 32}', user: root", False),
    # As by a program that is set-uid.
    "container-below-a-manager-of-another": (
        lambda s: below_alices(s, f"libpod-{'5d' * 32}.scope", user="www-data"),
        f"container: '{'5d' * 32}', user: www-data", False),
    **imitations(),
    "address-of-ipv4-mapped": (mapped, "address: 127.0.0.0/8", True),
}


def rule(name, port, keys):
    return (f"  - name: {name}\n    match: {{port: {port}, {keys}}}\n    threshold: 9h\n")


@pytest.fixture(scope="module", name="stage")
def _stage(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.close()


@pytest.fixture(scope="module", name="told")
def _told(stage):
    """Name -> port and what was said when it appeared, once all have."""
    scenes = {name: Scene(stage, f"match-{name}", next(PORTS)) for name in ROWS}
    Scene(stage, "stand-in", 0).place(STAND_IN)
    pathlib.Path(f"/home/{ALICE}/bin").mkdir(exist_ok=True)
    run("chown", f"{ALICE}:", f"/home/{ALICE}/bin")
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(HEAD + "".join(rule(name, scenes[name].port, keys)
                                     for name, (_, keys, _) in ROWS.items()), encoding="utf-8")
    run("systemctl", "start", "overstayd.service")
    for name, (start, _, _) in ROWS.items():
        start(scenes[name])
    for scene in scenes.values():
        scene.wait_listening()
    own = Service()

    def all_told():
        entries = {entry.get("OVERSTAY_PORT"): entry
                   for entry in own.entries(OVERSTAY_EVENT="appeared")}
        found = {name: entries.get(str(scene.port)) for name, scene in scenes.items()}
        return found if all(found.values()) else None

    try:
        return wait_until(all_told, 40, "all have appeared")
    finally:
        clean_up()


def audits():
    """Does the kernel know who logged in?"""
    return pathlib.Path("/proc/self/loginuid").exists()


@pytest.mark.parametrize("name", ROWS)
def test_key(told, name):
    wanted = audits() if ROWS[name][2] is None else ROWS[name][2]
    assert told[name].get("OVERSTAY_RULE") == (name if wanted else None)


def test_unit_is_printed_as_systemctl_does(told):
    unit = r"match-my\x2dapp.service"
    assert unit in run("systemctl", "list-units", "--no-legend", "match-my*").stdout
    entry = told["unit-with-a-dash"]
    assert entry["OVERSTAY_UNIT"] == unit
    assert f" in {unit}" in entry["MESSAGE"]
    table = run(OVERSTAYD, "--once").stdout
    assert f" {unit} " in table
    assert r"my\\x2d" not in table + entry["MESSAGE"]


def test_check_says_whose_path_it_is(tmp_path):
    """That alice may lead the rule's link elsewhere, and nothing of a rule that names her."""
    pathlib.Path(f"/home/{ALICE}/bin").mkdir(exist_ok=True)
    run("chown", f"{ALICE}:", f"/home/{ALICE}", f"/home/{ALICE}/bin")
    file = tmp_path / "rules.yaml"
    path = f"/home/{ALICE}/bin/tool"
    file.write_text(f"rules:\n  - {{name: a, match: {{exe: {path}}}, action: allow}}\n"
                    f"  - {{name: b, match: {{exe: {path}, user: {ALICE}, port: 7}}, "
                    "action: allow}\n"
                    "  - {name: c, match: {exe: /usr/bin/env, port: 7}, action: allow}\n",
                    encoding="utf-8")
    said = run(OVERSTAYD, "--check", file).stderr
    assert said.count("covers whatever") == 1
    assert (f'exe "{path}": user {ALICE_UID} may change "/home/{ALICE}": the rule covers whatever '
            "that user puts there; name user or unit") in said


def test_link_that_is_changed_while_the_daemon_runs(stage, service):
    """update-alternatives(1): what starts later is the link's new program, without a reload."""
    alternative = pathlib.Path("/opt/match/alternative")
    scenes = [Scene(stage, f"match-alternative-{number}", next(PORTS)) for number in range(3)]
    programs = [scenes[0].place(f"/opt/match/jvm/java-{number}") for number in range(2)]
    alternative.unlink(missing_ok=True)
    daemon = service(HEAD + "".join(rule(f"java-{number}", scene.port, f"exe: {alternative}")
                                    for number, scene in enumerate(scenes)))

    def appears(scene, program):
        scene.service([program, "-p", str(scene.port)])
        return daemon.wait_entry(OVERSTAY_EVENT="appeared",
                                 OVERSTAY_PORT=str(scene.port)).get("OVERSTAY_RULE")

    # It did not exist when the configuration was read.
    alternative.symlink_to(programs[0])
    assert appears(scenes[0], programs[0]) == "java-0"
    alternative.unlink()
    alternative.symlink_to(programs[1])
    assert appears(scenes[1], programs[1]) == "java-1"
    assert appears(scenes[2], programs[0]) is None
    stage.clear()


def test_link_of_a_new_rule_after_a_reload(stage, service):
    """The rule is new, what it is about is old: nobody is looked up again for it."""
    scene = Scene(stage, "match-reload", next(PORTS))
    program = scene.place(STAND_IN)
    run("ln", "-sfn", program, "/opt/match/reloaded")
    daemon = service(HEAD.replace("threshold: 1h", "threshold: 1s") + rule("other", 7, "user: root"))
    scene.service([program, "-p", str(scene.port)])
    daemon.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=str(scene.port))
    CONFIG.write_text(HEAD.replace("threshold: 1h", "threshold: 1s")
                      + rule("linked", scene.port, "exe: /opt/match/reloaded"), encoding="utf-8")
    run("systemctl", "reload", "overstayd.service")
    cleared = daemon.wait_entry(OVERSTAY_EVENT="cleared", OVERSTAY_PORT=str(scene.port))
    assert cleared["OVERSTAY_RULE"] == "linked"
    assert daemon.entries(OVERSTAY_CONDITION="lookup") == []
    stage.clear()


def test_socket_that_another_user_made(stage, service):
    """A user's listener that is kept in a message, and shows at somebody else's program alone."""
    users = {"parked-su": ("su", "root", "user: root"),
             "parked-bus": ("receiver", "www-data", "user: www-data"),
             "parked-named": ("receiver", "www-data", f"user: [www-data, {ALICE}]")}
    scenes = {name: Scene(stage, f"match-{name}", next(PORTS)) for name in users}
    daemon = service(HEAD + "".join(rule(name, scenes[name].port, keys)
                                    for name, (_, _, keys) in users.items()))
    Scene(stage, "match-receiver", next(PORTS)).service(
        ["/usr/bin/python3", "-c", RECEIVER, "receiver"], user="www-data")
    for name, (holder, _, _) in users.items():
        scenes[name].loose(["/usr/bin/python3", "-c", PARKED, str(scenes[name].port), holder])
    for name, (_, user, _) in users.items():
        entry = daemon.wait_entry(OVERSTAY_EVENT="appeared",
                                  OVERSTAY_PORT=str(scenes[name].port))
        assert entry["OVERSTAY_UID"] == str(pwd.getpwnam(user).pw_uid), name
        assert entry["OVERSTAY_SOCKET_UID"] == str(ALICE_UID), name
        assert entry.get("OVERSTAY_RULE") == (name if name == "parked-named" else None)
        with socket.create_connection(("127.0.0.1", scenes[name].port), 10) as connection:
            assert connection.recv(9) == b"served", name
    stage.clear()
