# SPDX-License-Identifier: MIT
"""Rules on exe against what imitates the program, and for the program that was upgraded.

One rule allows /usr/local/sbin/allowed-daemon. Whoever is another program overstays, whatever the
path under which its process shows; the real one stays allowed while its file is replaced, in a
sandbox too, and over restarts of the daemon. That nothing was told of it is a fact once a listener
that came later has overstayed.
"""
import os
import pwd
import time

import pytest

import harness
from conftest import CONFIG, Service, clean_up
from harness import run, wait_until
from stage import ALICE, ALICE_UID, ASKED, CGROUP, PYTHON, Scene, Stage

ALLOWED = "/usr/local/sbin/allowed-daemon"
SYSTEM = "/usr/local/sbin/system-daemon"
CONFIGURATION = f"""interval: 200ms
ranges: ["{ASKED[0]}-{ASKED[-1]}"]
threshold: 1s
user: {{threshold: 1s}}
grace: 500ms
log: {{appeared: info, vanished: info, after: 500ms}}
rules:
  - name: the real one
    match: {{exe: {ALLOWED}}}
    action: allow
  - name: no user's own
    match: {{exe: {SYSTEM}, not: {{unit: "user@*.service"}}}}
    action: allow
"""
SANDBOX = ["PrivateTmp=yes", "ProtectSystem=strict", "ProtectHome=yes"]


@pytest.fixture(scope="module", name="stage")
def _stage(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.close()


@pytest.fixture(scope="module", name="ports")
def _ports():
    """A port for each listener of the module."""
    return iter(ASKED[500:])


@pytest.fixture(name="scene")
def _scene(stage, ports, request):
    """scene(): a new one, its port for itself."""
    def make():
        port = next(ports)
        return Scene(stage, f"{request.node.name.split('[')[0][5:]}-{port}", port)

    yield make
    stage.clear()


@pytest.fixture(autouse=True, name="watched")
def _watched(stage):
    """The daemon with the rule, the real program in its place."""
    Scene(stage, "real", 0).place(ALLOWED)
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(CONFIGURATION, encoding="utf-8")
    run("systemctl", "start", "overstayd.service")
    yield Service()
    clean_up()


def told(scene, *events):
    return [entry for entry in harness.journal("SYSLOG_IDENTIFIER=overstayd",
                                               f"OVERSTAY_PORT={scene.port}")
            if entry["OVERSTAY_EVENT"] in events]


def wait_overstays(scene):
    return wait_until(lambda: told(scene, "overstay", "suspect"), 20,
                      f"{scene.name} overstays")[0]


def assert_allowed(real, scene):
    """Nothing was told of the real one, though a later listener has overstayed."""
    control = scene()
    control.loose([control.place("/usr/local/sbin/some-other"), "-p", str(control.port)],
                  user="root")
    control.wait_listening()
    wait_overstays(control)
    assert told(real, "overstay", "suspect") == []


def real_service(scene, **options):
    """The real program as a service, and known to the daemon as allowed."""
    real = scene()
    real.service([ALLOWED, "-p", str(real.port)], **options)
    wait_until(lambda: told(real, "appeared"), 20)
    assert told(real, "appeared")[0].get("OVERSTAY_RULE") == "the real one"
    return real


# ---- imitations ----------------------------------------------------------------------------


def bind_mount(s):
    """Another program, mounted over the path by a user who may in a namespace of her own."""
    own = s.place(f"/home/{ALICE}/own", owner=ALICE)
    s.loose(["/bin/sh", "-c", 'mount --bind "$0" "$1" && exec "$@"', own, ALLOWED,
             "-p", str(s.port)],
            wrapper=["unshare", "--user", "--map-root-user", "--mount"])


def bind_mount_by_root(s):
    """As what runs in a container may, with a namespace of mounts alone."""
    own = s.place("/srv/own")
    s.loose(["/bin/sh", "-c", 'mount --bind "$0" "$1" && exec "$@"', own, ALLOWED,
             "-p", str(s.port)], user="root", wrapper=["unshare", "--mount"])


def container_of_same_path(s):
    """A container's root holds a program under the very path."""
    s.directory("/srv/container/usr/local/sbin")
    s.place(f"/srv/container{ALLOWED}")
    s.loose(["/bin/sh", "-c", "mount --bind /srv/container /srv/container && cd /srv/container && "
             'mkdir -p old && pivot_root . old && exec "$0" "$@"', ALLOWED, "-p", str(s.port)],
            user="root", wrapper=["unshare", "--mount", "--propagation", "private"],
            cgroup=f"system.slice/docker-{'ab' * 32}.scope")


def chroot_of_same_path(s):
    s.directory("/srv/jail/usr/local/sbin")
    s.place(f"/srv/jail{ALLOWED}")
    s.loose(["chroot", "/srv/jail", ALLOWED, "-p", str(s.port)], user="root")


def name_alone(s):
    """The arguments and the name are the real one's."""
    own = s.place(f"/home/{ALICE}/allowed-daemon", owner=ALICE)
    s.loose(["/bin/bash", "-c", 'exec -a "$0" "$@"', ALLOWED, own, "-p", str(s.port)])


# Runs $1 with the rest as a child, and takes its file away once it runs.
RUN_AND_DELETE = ('"$0" "$@" & until [ "$(readlink /proc/$!/exe)" = "$0" ]; do :; done; '
                  'rm "$0"; wait')


def deleted_of_alices(s):
    """A file of alice's that had the path in her namespace, and is gone as after an upgrade."""
    own = s.place(f"/home/{ALICE}/gone/allowed-daemon", owner=ALICE)
    s.loose(["/bin/sh", "-c", 'mount --bind "$0" /usr/local/sbin && '
             f"exec /bin/sh -c '{RUN_AND_DELETE}' \"$@\"",
             os.path.dirname(own), ALLOWED, "-p", str(s.port)],
            wrapper=["unshare", "--user", "--map-root-user", "--mount"])


def deleted_of_a_containers_root(s):
    """The same of root's own, in a namespace of mounts that is not the host's."""
    own = s.place("/srv/gone/allowed-daemon")
    s.loose(["/bin/sh", "-c", 'mount --bind "$0" /usr/local/sbin && '
             f"exec /bin/sh -c '{RUN_AND_DELETE}' \"$@\"",
             os.path.dirname(own), ALLOWED, "-p", str(s.port)], user="root",
            wrapper=["unshare", "--mount"], cgroup=f"system.slice/docker-{'cd' * 32}.scope")


def moved_away(s):
    """The real file's content under another name."""
    s.loose([s.place("/usr/local/sbin/allowed-daemon2"), "-p", str(s.port)], user="root")


def hard_link_of_another(s):
    """Another program that has a second name which looks like the real one's."""
    own = s.place("/srv/linked/own")
    os.link(own, "/srv/linked/allowed-daemon")
    s.loose(["/srv/linked/allowed-daemon", "-p", str(s.port)], user="root")


def symlink_to_another(s):
    """The path leads to another program, by a link in a namespace of alice's own."""
    own = s.place(f"/home/{ALICE}/links/own", owner=ALICE)
    s.loose(["/bin/sh", "-c", 'mount -t tmpfs tmpfs /usr/local/sbin && '
             'ln -s "$0" "$1" && exec "$@"', own, ALLOWED, "-p", str(s.port)],
            wrapper=["unshare", "--user", "--map-root-user", "--mount"])


def replaced_by_alice(s):
    """Ran as the path's file in a place where alice could put another, which was replaced."""
    own = s.place(f"/home/{ALICE}/replaced/allowed-daemon", owner=ALICE)
    s.loose([own, "-p", str(s.port)])
    s.wait_listening()
    s.upgrade(own, owner=ALICE, more=b"new")


def overlay_of_alices(s):
    """A whole /usr/local of alice's own, laid over the real one."""
    upper = f"/home/{ALICE}/overlay"
    s.place(f"{upper}/sbin/allowed-daemon", owner=ALICE)
    s.loose(["/bin/sh", "-c", 'mount --rbind "$0" /usr/local && exec "$@"', upper,
             ALLOWED, "-p", str(s.port)],
            wrapper=["unshare", "--user", "--map-root-user", "--mount"])


# Each with the path under which it shows.
IMITATIONS = {
    bind_mount: ALLOWED,
    bind_mount_by_root: ALLOWED,
    container_of_same_path: ALLOWED,
    chroot_of_same_path: f"/srv/jail{ALLOWED}",
    name_alone: f"/home/{ALICE}/allowed-daemon",
    deleted_of_alices: ALLOWED,
    deleted_of_a_containers_root: ALLOWED,
    moved_away: f"{ALLOWED}2",
    hard_link_of_another: "/srv/linked/allowed-daemon",
    symlink_to_another: f"/home/{ALICE}/links/own",
    replaced_by_alice: f"/home/{ALICE}/replaced/allowed-daemon",
    overlay_of_alices: ALLOWED,
}


@pytest.mark.parametrize("imitate", IMITATIONS, ids=lambda one: one.__name__)
def test_imitation_overstays(scene, imitate):
    one = scene()
    imitate(one)
    one.wait_listening()
    alert = wait_overstays(one)
    assert alert.get("OVERSTAY_RULE") is None
    # It is the listener meant, not what failed to become it.
    assert alert["OVERSTAY_EXE"] == IMITATIONS[imitate]
    gone = imitate in (deleted_of_alices, deleted_of_a_containers_root, replaced_by_alice)
    assert ("OVERSTAY_EXE_DELETED" in alert) == gone


# ---- the real one --------------------------------------------------------------------------


@pytest.mark.parametrize("properties", [[], SANDBOX], ids=["plain", "sandboxed"])
@pytest.mark.parametrize("user", ["root", "www-data"])
def test_real_one_is_allowed(scene, properties, user):
    assert_allowed(real_service(scene, properties=properties, user=user), scene)


def test_real_one_by_a_symlink_is_itself(scene):
    """A link in /run leads to the real path."""
    link = "/run/by-link"
    os.symlink(ALLOWED, link)
    real = scene()
    real.loose([link, "-p", str(real.port)], user="root")
    assert_allowed(real, scene)
    os.unlink(link)


def test_real_one_run_by_a_person_is_itself(scene):
    """A rule on exe speaks of the program, whoever runs it."""
    real = scene()
    real.loose([ALLOWED, "-p", str(real.port)])
    assert_allowed(real, scene)


@pytest.mark.parametrize("properties", [[], SANDBOX], ids=["plain", "sandboxed"])
def test_upgraded_one_stays_allowed(scene, properties):
    real = real_service(scene, properties=properties)
    real.upgrade(ALLOWED, more=b"new")
    assert_allowed(real, scene)


@pytest.mark.parametrize("properties", [[], SANDBOX], ids=["plain", "sandboxed"])
def test_upgraded_one_stays_allowed_over_restarts(scene, properties):
    real = real_service(scene, properties=properties)
    run("systemctl", "restart", "overstayd.service")
    assert_allowed(real, scene)
    real.upgrade(ALLOWED, more=b"new")
    assert_allowed(real, scene)
    run("systemctl", "restart", "overstayd.service")
    assert_allowed(real, scene)


@pytest.mark.parametrize("properties", [[], SANDBOX], ids=["plain", "sandboxed"])
def test_one_upgraded_while_the_daemon_is_away_stays_allowed(scene, properties):
    real = real_service(scene, properties=properties)
    run("systemctl", "stop", "overstayd.service")
    real.upgrade(ALLOWED, more=b"new")
    run("systemctl", "start", "overstayd.service")
    assert_allowed(real, scene)


def test_twice_upgraded_one_stays_allowed(scene):
    real = real_service(scene)
    for content in (b"one", b"two"):
        real.upgrade(ALLOWED, more=content)
        assert_allowed(real, scene)


def test_what_takes_the_port_of_an_upgraded_one_is_not_allowed(scene, stage):
    """The match is the stay's and its program's; another that comes to the endpoint has none."""
    real = real_service(scene)
    real.upgrade(ALLOWED, more=b"new")
    assert_allowed(real, scene)
    run("systemctl", "stop", f"sit-{real.name}.service")
    other = Scene(stage, f"{real.name}-other", real.port)
    own = other.place(f"/home/{ALICE}/other/allowed-daemon", owner=ALICE)
    other.loose([own, "-p", str(real.port)])
    assert wait_overstays(other).get("OVERSTAY_EXE") == own


# ---- what hides beside the real one --------------------------------------------------------

# The real one holds the socket and is seen; who serves is a thread that alone has it open.
HIDDEN_THREAD = """
import ctypes, os, socket, sys, threading
CLONE_FILES = 0x400
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[2])))
listener.listen()
if os.fork() == 0:
    os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)
    os.execl(sys.argv[1], sys.argv[1], "-3")
libc = ctypes.CDLL(None, use_errno=True)
apart = threading.Event()
def serve():
    assert libc.unshare(CLONE_FILES) == 0
    apart.set()
    while True:
        listener.accept()[0].close()
thread = threading.Thread(target=serve)
thread.start()
apart.wait()
os.close(listener.fileno())
thread.join()
"""

# As many of the real one as are described, all of them older than the program that has it, too.
BEHIND_MANY = """
import os, socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[2])))
listener.listen()
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
for _ in range(20):
    if os.fork() == 0:
        os.execl(sys.argv[1], sys.argv[1], "-3")
if os.fork() == 0:
    os.execl(sys.argv[3], sys.argv[3], "-3")
os.execl(sys.argv[1], sys.argv[1], "-3")
"""

# In a cgroup so deep that the kernel cannot tell its path, or (Linux 6.18) all of it.
DEEP = """
import os, sys
own = open("/proc/self/cgroup").read().rpartition("::")[2].strip()
os.chdir("/sys/fs/cgroup" + own)
for _ in range(20):
    os.mkdir("x" * 250)
    os.chdir("x" * 250)
with open("cgroup.procs", "w") as file:
    file.write("0")
os.execl(sys.argv[1], *sys.argv[1:])
"""

# As many descriptors as there may be, in so many processes that they are 1.2 million. With a port:
# the real one holds a listener there and is seen; of the others each has it open, as its last.
CROWD = """
import os, resource, signal, socket, sys
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
each = min(most, 100000) - 20
nothing = os.open("/dev/null", os.O_RDONLY)
for _ in range(each):
    os.dup(nothing)
if len(sys.argv) > 2:
    listener = socket.socket()
    listener.bind(("127.0.0.1", int(sys.argv[2])))
    listener.listen()
    if os.fork() == 0:
        os.dup2(listener.fileno(), 3)
        os.closerange(4, most)
        os.execl(sys.argv[1], sys.argv[1], "-3")
for _ in range(1200000 // each):
    if os.fork() == 0:
        signal.pause()
if len(sys.argv) == 2:
    open(sys.argv[1] + ".ready", "w").close()
signal.pause()
"""


@pytest.fixture(name="crowd")
def _crowd(stage, tmp_path):
    """crowd(user): a user with 1.2 million descriptors."""
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)

    def start(user):
        place = tmp_path / user
        stage.spawn(["setpriv", f"--reuid={user}", "--clear-groups", "--", PYTHON, "-c", CROWD,
                     place])
        wait_until(place.with_suffix(".ready").exists, 60, "the crowd")

    return start


def test_thread_with_own_descriptors_is_a_holder(scene):
    one = scene()
    one.loose([PYTHON, "-c", HIDDEN_THREAD, ALLOWED, str(one.port)])
    one.wait_listening()
    alert = wait_overstays(one)
    assert alert.get("OVERSTAY_RULE") is None
    assert alert["OVERSTAY_HOLDERS"] == "2"


def test_holder_behind_many_others_is_a_holder(scene):
    """Workers of the real one are alike; who is none of them is seen, however late it came."""
    one = scene()
    own = one.place(f"/home/{ALICE}/behind", owner=ALICE)
    one.loose([PYTHON, "-c", BEHIND_MANY, ALLOWED, str(one.port), own])
    one.wait_listening()
    alert = wait_overstays(one)
    assert alert.get("OVERSTAY_RULE") is None
    assert alert["OVERSTAY_HOLDERS"] == "22"


def test_many_workers_are_allowed(scene):
    """More than are described, all of them the real one's."""
    real = scene()
    real.service([ALLOWED, "-f", "40", "-p", str(real.port)])
    assert_allowed(real, scene)


@pytest.fixture(name="deep")
def _deep(scene):
    """A program of alice's, in a cgroup of her own service whose path is too long."""
    one = scene()
    one.place(SYSTEM)
    one.user_service([PYTHON, "-c", DEEP, SYSTEM, "-p", str(one.port)])
    yield one
    top = CGROUP / f"user.slice/user-{ALICE_UID}.slice/user@{ALICE_UID}.service"
    (top / "cgroup.kill").write_text("1", encoding="ascii")
    run("find", top, "-depth", "-type", "d", "-name", "x" * 250, "-execdir", "rmdir", "{}", ";",
        check=False)
    run("systemctl", "restart", f"user@{ALICE_UID}.service")


def test_cgroup_too_deep_is_not_none(deep):
    deep.wait_listening()
    alert = wait_overstays(deep)
    assert alert.get("OVERSTAY_RULE") is None
    assert alert["OVERSTAY_EXE"] == SYSTEM


def test_system_service_is_no_users_own(scene):
    real = scene()
    real.place(SYSTEM)
    real.service([SYSTEM, "-p", str(real.port)])
    assert_allowed(real, scene)


def test_descriptors_of_another_user_change_nothing(scene, crowd):
    """The service stays allowed, and what overstays is known as soon as ever."""
    crowd("nobody")
    real = real_service(scene, user="www-data")
    assert_allowed(real, scene)
    assert "OVERSTAY_UNSEARCHED_UID" not in told(real, "appeared")[0]
    other = scene()
    path = other.place("/usr/local/sbin/one-more")
    other.service([path, "-p", str(other.port)], user="www-data")
    began = time.monotonic()
    assert wait_overstays(other)["OVERSTAY_EXE"] == path
    assert time.monotonic() - began < 12


def test_who_hides_behind_descriptors_is_not_allowed(scene):
    """The processes that serve are too large to be searched: the one that is seen excuses none."""
    one = scene()
    one.loose([PYTHON, "-c", CROWD, ALLOWED, str(one.port)])
    one.wait_listening()
    alert = wait_overstays(one)
    assert alert.get("OVERSTAY_RULE") is None
    assert alert["OVERSTAY_UNSEARCHED_UID"] == str(pwd.getpwnam(ALICE).pw_uid)
    # Those of other tests have been too many, too.
    said = harness.journal("OVERSTAY_EVENT=degraded", "OVERSTAY_CONDITION=descriptors")
    assert any(f"uid {alert['OVERSTAY_UNSEARCHED_UID']} has" in entry["MESSAGE"] for entry in said)


# ---- names of files that it may not see ----------------------------------------------------


def test_name_of_a_hidden_file_says_nothing(scene):
    """Whether another program stands there is seen for who may see it, and for nobody else."""
    called = []
    for number, mode in enumerate((0o755, 0o700)):
        one = scene()
        other = f"/srv/named-{number}/other-program"
        one.directory(os.path.dirname(other), mode=mode)
        one.place(other, source="/bin/true")
        own = one.place(f"/home/{ALICE}/named", owner=ALICE)
        one.loose(["/bin/bash", "-c", 'exec -a "$0" "$@"', other, own, "-p", str(one.port)])
        one.wait_listening()
        called.append(wait_overstays(one).get("OVERSTAY_CALLED"))
    assert called == ["/srv/named-0/other-program", None]
