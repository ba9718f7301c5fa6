# SPDX-License-Identifier: MIT
"""The labelled set: listeners of every kind, how each is started, and what is to be said of it.

A row names the class and the reasons; the owner's user, unit and program follow from how the scene
was started (stage.py) where the row does not say otherwise: None there means "no such field". The
expectation is a careful administrator's, not what the programs answer: where both differ, one of
them is wrong, and a row is not bent.

booted/test_situations.py starts all rows and compares.
"""
import dataclasses
import os
import pathlib
import signal
import time
import typing

import bound
import interpreters
import names
from harness import run, wait_until
from stage import ALICE, CGROUP, PERL, PYTHON, RUNTIME, Scene, serving

HOME = f"/home/{ALICE}"
WEB_USER = "www-data"
BUSYBOX = os.path.realpath("/usr/bin/busybox")
NCAT = os.path.realpath("/usr/bin/ncat")
NETCAT = os.path.realpath("/usr/bin/nc.openbsd")
SYSTEMD = os.path.realpath("/usr/lib/systemd/systemd")
SOCAT = os.path.realpath("/usr/bin/socat")
# Of containers: one for each row that needs one.
IDS = {name: f"{number:02x}" * 32 for number, name in enumerate(
    ("docker", "docker-cgroupfs", "podman", "rootless", "crio", "containerd", "kubepods",
     "forwarded", "ecs", "parent", "nerdctl", "outer", "inner", "init", "broken-into"), start=0xa0)}
# As alice may name a cgroup below her own manager.
BELOW_ALICES = "user.slice/user-1777.slice/user@1777.service/app.slice"
CONTAINERS_OF_ALICE = {
    "machine": "machine-web1.scope", "libpod": f"libpod-{'a5' * 32}.scope",
    "docker": f"docker-{'a5' * 32}.scope", "crio": f"crio-{'a5' * 32}.scope",
    "lxc": "lxc.payload.web1", "kubepods": f"kubepods.slice/cri-containerd-{'a5' * 32}.scope"}
# Each starts others, or logs people in.
STARTERS = ("sshd", "login", "cron", "atd", "slurmstepd", "gitlab-runner", "su", "sudo", "screen",
            "tmux", "tini", "docker-init", "runsvdir", "monit", "timeout")
POD = "kubepods-besteffort-pod11112222_3333_4444_5555_666677778888.slice"


@dataclasses.dataclass(frozen=True)
class Situation:
    """A row: see the head of this file."""

    name: str
    start: typing.Callable[[Scene], object]
    listener_class: str
    reasons: frozenset = frozenset()
    protocol: str = "tcp"
    auto: int = 0			# so many ports, picked by the kernel
    later: typing.Callable[[Scene], object] = None	# once the daemon has told of it
    alert: bool = True			# False: it comes and goes, and is never a suspect
    owner: dict = dataclasses.field(default_factory=dict)


# What holds where neither the row nor the start says otherwise.
USUAL = {"owner": "process", "owner_reason": None, "unit": None, "user_unit": None,
         "container": None, "script": None}


def row(name, start, listener_class, *reasons, protocol="tcp", auto=0, later=None, alert=True,
        **owner):
    return Situation(name, start, listener_class, frozenset(reasons), protocol, auto, later,
                     alert, owner)


# ---- what takes more than a line -----------------------------------------------------------


def at(s, *options):
    """The stand-in's options for the scene's port."""
    return ("-p", str(s.port), *options)


def own(s, *options, path=None, **service):
    """The stand-in as a service's main program, in a place of the distribution's."""
    path = s.place(path or f"/usr/local/sbin/{s.name}")
    s.service([path, *at(s, *options)], **service)
    return path


def started(s, *options, **service):
    path = own(s, *options, **service)
    if s.port:
        s.wait_listening()
    return path


def removed(s, *options):
    own(s, "-D", *options)


def theirs(s, *options, path=None, user=ALICE, mode=0o755, **loose):
    """The stand-in as a person's own program."""
    path = s.place(path or f"{HOME}/{s.name}", owner=user, mode=mode)
    s.loose([path, *at(s, *options)], user=user, **loose)
    return path


def open_directory(s):
    s.directory("/opt/everybodys", mode=0o777)
    path = s.place(f"/opt/everybodys/{s.name}")
    s.service([path, *at(s)], user=WEB_USER)


def of_group(s):
    path = s.place(f"/usr/local/sbin/{s.name}", mode=0o775)
    run("chgrp", "users", path)
    s.service([path, *at(s)])


def bind_shell(s):
    """A shell for whoever connects; somebody is connected."""
    theirs(s, "-e")
    s.wait_listening()
    s.stage.spawn([NCAT, "--recv-only", "127.0.0.1", str(s.port)])


def bind_shell_service(s):
    started(s, "-e", user=WEB_USER)
    s.stage.spawn([NCAT, "--recv-only", "127.0.0.1", str(s.port)])


def web_shell(s):
    s.service([NCAT, "-l", "-k", "-e", "/bin/sh", "127.0.0.1", str(s.port)], user=WEB_USER)
    s.wait_listening()
    s.stage.spawn([NCAT, "--recv-only", "127.0.0.1", str(s.port)])


def child_of(s, child, exe, main="", user="root", owner="root", **service):
    """A service whose main program is the stand-in; child listens."""
    main = s.place(main or f"/usr/local/sbin/{s.name}-main", owner=owner)
    s.service([main, "-x", *child], user=user, **service)
    s.facts["exe"] = exe


def script_main(s):
    server = s.place(f"/usr/local/sbin/{s.name}-server")
    script = s.write(f"/usr/local/sbin/{s.name}",
                     f"#!/bin/sh\n{server} -p {s.port} &\nwait\n")
    s.service([script])
    s.facts["exe"] = server


def script_main_python(s):
    server = s.write(f"/usr/local/lib/acme/{s.name}.py", serving(s.port))
    script = s.write(f"/usr/local/sbin/{s.name}",
                     f"#!/bin/bash\n/usr/bin/python3 {server} &\nwait\n")
    s.service([script])
    s.facts.update(exe=PYTHON, script=server)


def shebang(s):
    script = s.write(f"/usr/local/sbin/{s.name}.py", "#!/usr/bin/python3\n" + serving(s.port))
    s.service([script])
    s.facts.update(exe=PYTHON, script=script)


def relative_script(s):
    script = s.write(f"{HOME}/srv/serve.py", serving(s.port), owner=ALICE)
    s.loose(["/usr/bin/python3", "serve.py"], cwd=f"{HOME}/srv", script=script)


def multiprocessing_server(s):
    script = s.write(f"/usr/local/lib/acme/{s.name}.py", f"""
import multiprocessing, signal, socket
def serve():
    held = socket.create_server(("127.0.0.1", {s.port}))
    signal.pause()
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    child = multiprocessing.Process(target=serve)
    child.start()
    child.join()
""")
    s.service(["/usr/bin/python3", script], user=WEB_USER)


# A server: what its handler does with a connection stands in the middle. $c is the connection.
PERL_HANDLER = """#!/usr/bin/perl
use Socket; use POSIX (); use IPC::Open2;
$SIG{{CHLD}} = "IGNORE";
socket(my $s, PF_INET, SOCK_STREAM, 0); setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
bind($s, sockaddr_in({port}, inet_aton("127.0.0.1"))); listen($s, 5);
while (accept(my $c, $s)) {{
    if (fork() == 0) {{ close($s); {handler} }}
    close($c);
}}
"""
ON_NETWORK = 'for (0, 1, 2) { POSIX::dup2(fileno($c), $_) }'
SHELL = 'exec("/bin/sh", "-c", "sleep 1000 & wait")'  # pause: a shell that stays


def handler_server(s, handler, start="service", **how):
    """A server with its code in a file, and somebody connected to it."""
    script = s.write(f"/usr/local/lib/acme/{s.name}.pl",
                     PERL_HANDLER.format(port=s.port, handler=handler))
    getattr(s, start)([PERL, script], **how)
    s.facts["script"] = script
    connect(s)


def connect(s):
    s.wait_listening()
    s.stage.spawn([NCAT, "--recv-only", "127.0.0.1", str(s.port)])


def relay(s, *command, **how):
    s.loose([*command], **how)
    connect(s)


def super_server(s, server, *arguments, user="root"):
    """xinetd with one service, and somebody connected to it."""
    given = f" server_args = {' '.join(arguments)}\n" if arguments else ""
    s.write(f"/run/{s.name}.conf", f"""service acme
{{
 type = UNLISTED
 port = {s.port}
 bind = 127.0.0.1
 socket_type = stream
 protocol = tcp
 wait = no
 user = {user}
 server = {server}
{given} disable = no
}}
""", mode=0o644)
    command = ["/usr/sbin/xinetd", "-dontfork", "-f", f"/run/{s.name}.conf"]
    if user == "root":
        s.service(command)
    else:
        s.loose(command, user=user)
    connect(s)


def agent(s):
    return s.write(f"/usr/local/lib/acme/{s.name}.sh", "#!/bin/sh\nsleep 1000 & wait\n")


def accepted(s, *command):
    s.socket_unit(command, accept="yes")
    connect(s)


def perl_title(s, **service):
    script = s.write(f"/usr/local/sbin/{s.name}.pl", f"""#!/usr/bin/perl
use IO::Socket::INET;
my $held = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => {s.port});
$0 = "acme-server: ready";
sleep while 1; # pause: it is what the program does
""")
    s.service([script], **service)
    s.facts["exe"] = PERL


# Over the arguments, as setproctitle(3) of BSD does it: the text, and NULs up to their end.
OVERWRITE = """
import ctypes
fields = open("/proc/self/stat", encoding="latin-1").read().rpartition(")")[2].split()
begin, end = int(fields[45]), int(fields[46])
title = {title!r}.encode()[:end - begin - 1]
ctypes.memset(begin, 0, end - begin)
ctypes.memmove(begin, title, len(title))
"""


def python_title(s, title, **service):
    """A script that writes a title over its arguments."""
    script = s.write(f"/usr/local/lib/acme/{s.name}-with-a-long-name.py",
                     OVERWRITE.format(title=title) + serving(s.port))
    s.service(["/usr/bin/python3", script], **service)
    s.facts["exe"] = PYTHON


def in_code(s, *command):
    """Code that an interpreter below a service reads from its standard input."""
    code = s.write(f"/run/acme/{s.name}", serving(s.port), mode=0o644)
    child_of(s, ["/usr/bin/python3", *command], PYTHON, user=WEB_USER,
             properties=[f"StandardInput=file:{code}"])


def in_a_substitution(s):
    code = s.write(f"/run/acme/{s.name}", serving(s.port), mode=0o644)
    child_of(s, ["/bin/bash", "-c", f"exec /usr/bin/python3 <(cat {code})"], PYTHON,
             user=WEB_USER)


def web_child(s, command):
    """What listens below a service of the web server's account."""
    child_of(s, command, os.path.realpath(command[0]), user=WEB_USER)


def option_with_a_value(s):
    """An option whose value looks like a script's name."""
    script = s.write(f"/usr/local/lib/acme/{s.name}.py", serving(s.port))
    s.service(["/usr/bin/python3", "--check-hash-based-pycs", "always", script], user=WEB_USER)
    s.facts["script"] = script


def worker_with_a_title(s):
    """The worker writes over its arguments, its parent does not."""
    title = "".join("    " + line for line in OVERWRITE.format(
        title="acme: worker").splitlines(keepends=True))
    script = s.write(f"/usr/local/lib/acme/{s.name}.py", f"""
import os, signal, socket
if os.fork() == 0:
    held = socket.create_server(("127.0.0.1", {s.port}))
{title}
signal.pause()
""")
    s.service(["/usr/bin/python3", script], user=WEB_USER)


def title_below_a_shell(s):
    server = s.write(f"/usr/local/lib/acme/{s.name}.py",
                     OVERWRITE.format(title="python3 -c x") + serving(s.port))
    script = s.write(f"/usr/local/sbin/{s.name}", f"#!/bin/sh\n/usr/bin/python3 {server}\n")
    s.service([script], user=WEB_USER)
    s.facts["exe"] = PYTHON


PRELOADED = """
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
__attribute__((constructor)) static void
listens(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char exe[256] = "";
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0 || strstr(exe, "/systemd") == NULL)
		return;
	address.sin_port = htons(atoi(getenv("PORT")));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 5) == 0)
		for (;;)
			pause();
}
"""


def into_systemd(s):
    """A command that runs somebody's code in systemd's own program, which has a title."""
    source = s.write(f"/usr/local/lib/{s.name}.c", PRELOADED)
    library = f"/usr/local/lib/{s.name}.so"
    run("gcc", "-shared", "-fPIC", "-o", library, source)
    return (f"export PORT={s.port} LD_PRELOAD={library}; "
            f'exec -a "nginx: worker" {SYSTEMD}')


def systemd_with_a_library(s, **loose):
    to_init(s, ["/bin/bash", "-c", into_systemd(s)], **loose)
    s.facts["exe"] = SYSTEMD


def systemd_in_the_managers_cgroup(s):
    """alice may move what her manager started beside it."""
    manager = f"{CGROUP}/user.slice/user-1777.slice/user@1777.service/init.scope/cgroup.procs"
    s.user_service(["/bin/bash", "-c", f"echo $$$$ >{manager}; {into_systemd(s)}"])
    s.facts.update(exe=SYSTEMD, user_unit="init.scope")


def to_init(s, command, **loose):
    """Double-forked: PID 1 is its parent."""
    s.loose(["/bin/sh", "-c", '"$0" "$@" & exit', *command], **loose)
    s.facts["exe"] = str(command[0])


def pass_on(s, *options):
    """One service listens and passes the socket on to another."""
    channel = f"{s.stage.directory}/{s.name}.socket"
    other = s.place(f"/usr/local/sbin/{s.name}-second")
    s.service([other, "-g", channel], name=f"sit-{s.name}-second")
    getter = s.facts
    path = s.place(f"/usr/local/sbin/{s.name}")
    wait_until(lambda: pathlib.Path(channel).exists(), what=f"{other} is there")
    s.service([path, *at(s, "-s", channel, *options)])
    return getter


def passed_and_left(s):
    s.facts = pass_on(s, "-q")


def activated(s):
    path = s.place(f"/usr/local/sbin/{s.name}")
    s.socket_unit([path, "-3"])
    s.stage.spawn([NCAT, "--recv-only", "127.0.0.1", str(s.port)])
    s.facts.update(exe=path, unit=f"sit-{s.name}.service")


def waiting_socket(s, accept="no"):
    path = s.place(f"/usr/local/sbin/{s.name}")
    # PID 1 holds it for the unit, and each of its children until it is another program.
    s.socket_unit([path, "-3"], accept)


def in_container(s, cgroup, user="root", **facts):
    path = s.place(f"/usr/local/bin/{s.name}")
    s.loose([path, *at(s)], user=user, cgroup=cgroup)
    s.facts.update(facts)


def forwarding(s, proxy):
    return [proxy, "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", str(s.port),
            "-container-ip", "172.30.7.9", "-container-port", "80"]


def docker_proxy(s):
    """What dockerd starts for a published port, and the container behind."""
    s.loose(["/bin/sh", "-c", "ip link set lo up && ip address add 172.30.7.9/16 dev lo && "
             "exec sleep infinity"],  # pause: the container's own program
            user="root", wrapper=["unshare", "--net"],
            cgroup=f"system.slice/docker-{IDS['forwarded']}.scope")
    proxy = s.place("/usr/local/libexec/docker-proxy")
    child_of(s, forwarding(s, proxy), proxy, main="/usr/local/libexec/dockerd", name="docker")


def chroot(s):
    jailed = s.place(f"/srv/jail/bin/{s.name}")
    s.service(["/usr/sbin/chroot", "/srv/jail", f"/bin/{s.name}", *at(s)])
    s.facts["exe"] = jailed


def session_of_root(s):
    s.session([NETCAT, "-l", "-k", "127.0.0.1", str(s.port)], number="10", user="root")


def setuid(s):
    path = s.place(f"/usr/local/bin/{s.name}", mode=0o4755)
    s.session([path, *at(s)], number="8")
    s.facts["user"] = "root"


def called(s, name, program=None, user=ALICE):
    """The stand-in, started under another name, as `exec -a` does."""
    program = program or s.place(f"{HOME}/{s.name}", owner=user)
    s.loose(["/bin/bash", "-c", 'exec -a "$0" "$@"', name, program, *at(s)], user=user)
    s.facts["exe"] = program


def below_go(s, path, *options, go="/usr/local/go/bin/go", owner="root"):
    """What go has built and runs, for alice."""
    go = s.place(go, owner=owner, source="/usr/bin/dash")
    path = s.place(path, owner=ALICE)
    s.loose([go, "-c", f"{' '.join([path, *at(s, *options)])}; true"])
    s.facts["exe"] = path


def python_called_nginx(s):
    script = s.write(f"{HOME}/{s.name}.py", serving(s.port), owner=ALICE)
    s.loose(["/bin/bash", "-c", 'exec -a "$0" "$@"', "nginx: worker process", PYTHON, script])
    s.facts.update(exe=PYTHON, script=script)


def app_image(s):
    """An image that its user mounts for himself, by FUSE, and runs from."""
    tree = f"{HOME}/image"
    s.place(f"{tree}/usr/bin/acme", owner=ALICE)
    run("mksquashfs", tree, f"{HOME}/Acme.AppImage", "-quiet", "-no-progress")
    mount = s.directory("/tmp/.mount_AcmeX1y2Z3", owner=ALICE)
    if not os.path.exists("/dev/fuse"):
        run("mknod", "-m", "666", "/dev/fuse", "c", "10", "229")
    run("setpriv", f"--reuid={ALICE}", f"--regid={ALICE}", "--clear-groups",
        "squashfuse", f"{HOME}/Acme.AppImage", mount)
    program = f"{mount}/usr/bin/acme"
    # Not even root may look behind such a mount, but alice runs it.
    s.loose(["/bin/sh", "-c", 'exec "$0" "$@"', program, *at(s)])
    s.facts["exe"] = program


def becomes_another(s):
    """Listens, and is another program once the daemon knows it."""
    other = s.place(f"/usr/local/lib/{s.name}-other")
    own(s, "-k", other, "-x", "sleep", "infinity")  # pause: it only holds what it inherited
    s.facts["exe"] = other


def title_of_a_word(s):
    """A script whose title is, by chance, the name of another program."""
    script = s.write(f"{HOME}/{s.name}.py", serving(s.port), owner=ALICE)
    s.loose(["/bin/bash", "-c", 'exec -a "$0" "$@"', "watch", PYTHON, script])
    s.facts.update(exe=PYTHON, script=script)


def updated(s, path, owner):
    """A program that replaces itself; with another content, as an update has."""
    if owner == "root":
        started(s, path=path)
    else:
        theirs(s, path=path)
        s.wait_listening()
    s.upgrade(path, owner=owner, more=b"new")


def upgraded(s, more=b"", **service):
    s.upgrade(started(s, **service), more=more)


def below_sshd(s):
    """Where no logind is, what a person starts stays in sshd's unit."""
    sshd = s.place("/usr/local/libexec/sshd-test/sshd")
    s.service([sshd, "-x", "/usr/bin/setpriv", f"--reuid={ALICE}", f"--regid={ALICE}",
               "--clear-groups", NETCAT, "-l", "-k", "127.0.0.1", str(s.port)], name="ssh")
    s.facts.update(user=ALICE, exe=NETCAT)


def by_a_link(s):
    """As older Debians start MariaDB: by the name that it had before."""
    directory = "/usr/local/mariadb/bin"
    s.place(f"{directory}/mariadbd")
    os.symlink("mariadbd", f"{directory}/mysqld")
    s.service([f"{directory}/mysqld", *at(s)])


def wrapped(s):
    """As browsers are started: a script that passes its own name on."""
    program = s.place("/opt/acme-browser/acme")
    script = s.write("/usr/local/bin/acme-browser",
                     f'#!/bin/bash\nexec -a "$0" {program} "$@"\n')
    s.loose([script, *at(s)])
    s.facts["exe"] = program


def user_socket(s):
    """A socket of alice's own service manager, before the first connection."""
    name = f"sit-{s.name}"
    units = f"{RUNTIME}/systemd/user"
    s.write(f"{units}/{name}.socket", f"[Socket]\nListenStream=127.0.0.1:{s.port}\n",
            owner=ALICE, mode=0o644)
    s.write(f"{units}/{name}.service", "[Service]\nExecStart=/bin/true\n", owner=ALICE,
            mode=0o644)
    s.user_manager("daemon-reload")
    s.user_manager("start", f"{name}.socket")
    s.facts = {"user": ALICE, "unit": "user@1777.service"}


def wireguard(s):
    """A socket of the kernel's on a port that it picked itself."""
    del s
    run("ip", "link", "add", "sitwg0", "type", "wireguard")
    run("ip", "link", "set", "sitwg0", "up")


def vxlan(s, device):
    run("ip", "link", "add", device, "type", "vxlan", "id", str(s.port), "dstport", str(s.port))
    run("ip", "link", "set", device, "up")


def moved_vxlan(s):
    """A device that goes to another network namespace and leaves its socket behind."""
    vxlan(s, "sitvx1")
    other = s.stage.spawn(["unshare", "--net", "sleep", "infinity"])
    own = os.readlink("/proc/self/ns/net")
    wait_until(lambda: os.readlink(f"/proc/{other.pid}/ns/net") != own)
    run("ip", "link", "set", "sitvx1", "netns", str(other.pid))
    run("nsenter", f"--net=/proc/{other.pid}/ns/net", "ip", "link", "set", "sitvx1", "up")


def mptcp_endpoint(s):
    """An endpoint with a port makes the kernel listen."""
    run("ip", "mptcp", "endpoint", "add", "127.0.0.1", "port", str(s.port), "signal")


def kernel_has(kind):
    """Whether links of that kind can be made."""
    made = run("ip", "link", "add", "sitprobe0", "type", kind, check=False).returncode == 0
    if made:
        run("ip", "link", "delete", "sitprobe0")
    return made


def copied_interpreter(s):
    """As a virtual environment has its own copy of python."""
    python = s.place("/opt/venv/bin/python", source=PYTHON)
    server = s.write(f"/opt/venv/lib/{s.name}.py", serving(s.port))
    s.service([python, server], properties=["Environment=PYTHONHOME=/usr"])
    s.facts["script"] = server


def shebang_by_env(s):
    script = s.write(f"/usr/local/bin/{s.name}", "#!/usr/bin/env python3\n" + serving(s.port))
    s.service([script], user=WEB_USER, properties=["Environment=PATH=/usr/bin:/bin"])
    s.facts.update(exe=PYTHON, script=script)


def main_has_ended(s):
    """A oneshot that left its daemon behind."""
    server = s.place(f"/usr/local/sbin/{s.name}")
    s.service(["/bin/sh", "-c", f"{server} -p {s.port} &"],
              properties=["RemainAfterExit=yes", "KillMode=control-group"])
    s.facts["exe"] = server


def moved_aside(s):
    """An upgrade that keeps the old file under another name, as kubelet's often is."""
    path = pathlib.Path(started(s))
    path.rename(f"{path}.old")
    s.place(path)
    s.facts["exe"] = f"{path}.old"


def version_directory(s, before="1.0", now="1.1", *options, keep=True, mode=0o755):
    path = pathlib.Path(started(s, *options, path=f"/opt/{s.name}/{before}/bin/server"))
    wait_until(lambda: os.readlink(f"/proc/{s.pid()}/exe") == str(path), 20, "the program runs")
    s.place(f"/opt/{s.name}/{now}/bin/server", mode=mode)
    path.unlink()
    if not keep:
        path.parent.rmdir()
        path.parent.parent.rmdir()


def roots_deleted(s):
    s.service([s.place(f"{HOME}/{s.name}", owner=ALICE), *at(s, "-D")])


def linked_to_tmp(s, hard):
    path = pathlib.Path(f"/tmp/{s.name}")
    original = s.place(f"/tmp/{s.name}-original") if hard else NETCAT
    if hard:
        os.link(original, path)
    else:
        path.symlink_to(original)
    arguments = at(s) if hard else ("-l", "-k", "127.0.0.1", str(s.port))
    s.loose([path, *arguments])
    s.facts["exe"] = str(path) if hard else NETCAT


def inherited_from_a_parent(s):
    """The parent that opened the socket is gone."""
    path = s.place(f"/usr/local/sbin/{s.name}")
    s.service(["/bin/sh", "-c", f"{path} -p {s.port} -f 1 & sleep 1000"])  # pause: it waits
    s.facts["exe"] = path


def two_programs(s):
    """Programs of one user that share a port."""
    first, second = s.place(f"/opt/{s.name}/a"), s.place(f"/opt/{s.name}/b")
    s.service([first, *at(s, "-r", "1")], user=WEB_USER, name=f"sit-{s.name}-first")
    s.service([second, *at(s, "-r", "1")], user=WEB_USER)


def drops_root(s):
    """Started by root, gone on as another user, as most servers do."""
    path = s.place(f"/usr/local/sbin/{s.name}")
    s.service(["/usr/bin/setpriv", f"--reuid={WEB_USER}", f"--regid={WEB_USER}",
               "--clear-groups", path, *at(s)])
    s.facts.update(exe=path, user=WEB_USER)


def cron_job(s):
    """Somebody's job of inline code, in the unit of cron."""
    cron = s.place("/usr/local/libexec/cron")
    s.service([cron, "-x", "/usr/bin/setpriv", f"--reuid={ALICE}", f"--regid={ALICE}",
               "--clear-groups", "/usr/bin/python3", "-c", serving(s.port)])
    s.facts.update(user=ALICE, exe=PYTHON)


def unit_of_that_name_below_alice(s):
    """alice's own manager has units of any name."""
    s.user_service([s.place(f"{HOME}/bin/{s.name}", owner=ALICE), *at(s)])


# ---- who may stand in a unit -----------------------------------------------------------------


def relaying(s):
    """A relay's command: what nobody expects below a service."""
    return [NETCAT, "-l", "-k", "127.0.0.1", str(s.port)]


def below(s, *programs, command=None, user="root", unit=None):
    """The stand-in under the paths of supervisors, each the next one's parent; the last starts
    command, by default a relay."""
    chain = []
    for path in programs:
        chain += [s.place(path), "-x"]
    command = command or relaying(s)
    s.service([*chain, *command], user=user, name=unit)
    s.facts["exe"] = os.path.realpath(command[0])


STARTS = """#!/usr/bin/python3
import signal, subprocess, sys
subprocess.Popen(sys.argv[1:])
signal.pause()
"""


def below_script(s, path, user="root", owner="root"):
    """A supervisor that is a script."""
    script = s.write(path, STARTS, owner=owner)
    s.service([script, *relaying(s)], user=user)
    s.facts["exe"] = NETCAT


def wrapped_workers(s):
    """A script that starts a program of Python's, whose worker listens."""
    script = s.write(f"/usr/local/lib/acme/{s.name}.py", f"""
import multiprocessing, signal, socket
def serve():
    held = socket.create_server(("127.0.0.1", {s.port}))
    signal.pause()
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    child = multiprocessing.Process(target=serve)
    child.start()
    child.join()
""")
    wrapper = s.write(f"/usr/local/sbin/{s.name}",
                      f"#!/bin/bash\n/usr/bin/python3 {script}\nexit $?\n")
    s.service([wrapper], user=WEB_USER)
    s.facts["exe"] = PYTHON


def hook(s, command="sleep 1000; true"):  # pause: the hook's work
    """A service runs a hook by a shell, which inherits the listener."""
    script = s.write(f"/usr/local/sbin/{s.name}.pl", f"""#!/usr/bin/perl
use Socket; $^F = 100;
socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
bind(S, sockaddr_in({s.port}, INADDR_LOOPBACK)); listen(S, 5);
system("{command}");
""")
    s.service([script], user=WEB_USER)
    s.facts.update(exe=PERL, script=script)


def left_behind(s):
    """What the first run of a unit left behind listens while the second one is another program."""
    main, flag = s.place(f"/usr/local/sbin/{s.name}"), f"/run/acme/{s.name}"
    s.directory("/run/acme")
    script = s.write(f"/usr/local/sbin/{s.name}.sh", f"""#!/bin/sh
if [ ! -e {flag}.first ]; then
	touch {flag}.first
	setsid sh -c 'until [ -e {flag}.second ]; do
	sleep .1 # poll
	done; exec {' '.join(relaying(s))}' &
fi
exec {main} -x sleep infinity # pause: the service's work
""")
    unit = s.service([script], properties=["KillMode=process"])
    wait_until(lambda: pathlib.Path(f"{flag}.first").exists(), what="the first run is there")
    time.sleep(1)  # pause: runs are told apart by when they began
    run("systemctl", "restart", unit)
    pathlib.Path(f"{flag}.second").touch()
    s.facts["exe"] = NETCAT


def beside_a_worker(s):
    """Code that only says in another argument that it is a worker's."""
    script = s.write(f"/usr/local/lib/acme/{s.name}.py",
                     "import subprocess, sys\nsubprocess.run([sys.executable, '-c', "
                     f"{serving(s.port)!r}, 'from multiprocessing.spawn import spawn_main; "
                     "spawn_main(tracker_fd=5, pipe_handle=7)'])\n")
    s.service(["/usr/bin/python3", script], user=WEB_USER)
    s.facts.update(exe=PYTHON, script=None)


def in_init_scope(s):
    s.loose(relaying(s), user="root", cgroup="init.scope")
    s.facts["unit"] = "init.scope"


def dropped(s, directory, **service):
    """A program that the service's account puts somewhere while the service runs."""
    source = s.place(f"/usr/local/lib/acme/{s.name}-source")
    path = f"{directory}/{s.name}"
    main = s.place(f"/usr/local/sbin/{s.name}-main")
    s.service([main, "-x", "/bin/sh", "-c", f"cp {source} {path} && exec {path} -p {s.port}"],
              user=WEB_USER, **service)
    s.facts["exe"] = path


def of_its_account(s, main, program, *options, user=WEB_USER, name=None):
    """An installation that belongs to the account it runs as."""
    program = s.place(program, owner=user)
    child_of(s, [program, *at(s, *options)], program, main=main, user=user, owner=user, name=name)


def own_runtime(s):
    """A wrapper that starts the java which its account owns."""
    java = s.place("/srv/shop/jdk-17/bin/java", owner=WEB_USER)
    script = s.write("/srv/shop/bin/start", f"#!/bin/bash\n{java} -p {s.port}\nexit $?\n")
    s.service([script], user=WEB_USER)
    s.facts["exe"] = java


def release(s):
    """As Capistrano deploys: a runtime and a release of the deploying person's."""
    ruby = s.place(f"{HOME}/.rbenv/versions/3.2.2/bin/ruby", owner=ALICE)
    s.directory(f"{HOME}/shop/releases/20261127", owner=ALICE)
    current = pathlib.Path(f"{HOME}/shop/current")
    if not current.is_symlink():
        current.symlink_to(f"{HOME}/shop/releases/20261127")
    s.service(["/bin/bash", "-lc", f"cd {current} && {ruby} -p {s.port}; exit $?"], user=ALICE)
    s.facts["exe"] = ruby


def nomad_exec(s):
    """A task of Nomad's exec driver: its own executor, and the task under its account."""
    task = s.place("/opt/nomad/alloc/b1/web/local/web", owner="nobody")
    below(s, "/usr/local/bin/nomad", "/usr/local/bin/nomad",
          command=["/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", task,
                   *at(s)])
    s.facts.update(exe=task, user="nobody")


# ---- logins, jobs, where it comes from -------------------------------------------------------


def as_alice(command):
    return ["/usr/bin/setpriv", f"--reuid={ALICE}", f"--regid={ALICE}", "--clear-groups", *command]


def job(s, program, command=None, user=ALICE, unit=None):
    """A job that a program like cron starts, as a user."""
    command = command or relaying(s)
    below(s, program, command=as_alice(command) if user == ALICE else command, unit=unit)
    s.facts.update(exe=os.path.realpath(command[0]), user=user)


def moved_to_sshd(s):
    """A relay of root's that was moved into the unit of sshd."""
    unit = f"sit-{s.name}.service"
    s.service([s.place("/usr/local/libexec/sshd-test/sshd"), "-x", "sleep", "infinity"])  # pause
    s.loose(relaying(s), user="root", cgroup=f"system.slice/{unit}")
    s.facts["unit"] = unit


def left_in_sshd(s):
    """A person's process that lost its parents in the unit of sshd."""
    below(s, "/usr/local/libexec/sshd-test/sshd",
          command=as_alice(["/bin/sh", "-c", '"$0" "$@" & exit', *relaying(s)]))
    s.facts.update(exe=NETCAT, user=ALICE)


def root_script_by_cron(s):
    server = s.write(f"/usr/local/lib/acme/{s.name}.py", serving(s.port))
    job(s, "/usr/local/sbin/cron", ["/usr/bin/python3", server], user="root")
    s.facts["script"] = server


def job_of_slurm(s):
    s.loose(relaying(s), cgroup="system.slice/slurmstepd.scope/job_7/step_0/user/task_0")
    s.facts["unit"] = "slurmstepd.scope"


def github_runner(s):
    """A runner below its user's home, known by its unit."""
    runner = s.place("/srv/ci/actions-runner/bin/Runner.Listener", owner=ALICE)
    name = "actions.runner.acme-shop.web1"
    s.service([runner, "-x", *relaying(s)], user=ALICE, name=name)
    s.facts.update(exe=NETCAT, user=ALICE)


def by_su(s):
    s.loose(["/bin/su", "-s", "/bin/sh", ALICE, "-c", " ".join(["exec", *relaying(s)])],
            user="root")
    s.facts.update(exe=NETCAT, user=ALICE)


def by_timer(s):
    path, name = s.place(f"/usr/local/sbin/{s.name}"), f"sit-{s.name}"
    units = pathlib.Path("/run/systemd/system")
    (units / f"{name}.timer").write_text("[Timer]\nOnActiveSec=0\n", encoding="ascii")
    (units / f"{name}.service").write_text(
        f"[Service]\nExecStart={path} -p {s.port}\n", encoding="ascii")
    run("systemctl", "daemon-reload")
    run("systemctl", "start", f"{name}.timer")
    s.stage.units += [f"{name}.service", f"{name}.timer"]
    s.facts = {"user": "root", "exe": path, "unit": f"{name}.service"}


def delegated(s):
    """A service that was given its cgroup makes one that is named as a container's."""
    made = f"/sys/fs/cgroup/system.slice/sit-{s.name}.service/{'cd' * 32}"
    main = s.place(f"/usr/local/sbin/{s.name}-main")
    s.service([main, "-x", "/bin/sh", "-c", f"mkdir {made} && echo $$$$ >{made}/cgroup.procs && "
               f"exec {' '.join(relaying(s))}"], user=WEB_USER, properties=["Delegate=yes"])
    s.facts["exe"] = NETCAT


# ---- mounts of one's own ---------------------------------------------------------------------


def bound_over(s, source):
    """A file that root bound over the service's program."""
    path = s.place(f"/usr/local/sbin/{s.name}")
    s.place(source)
    s.service([path, *at(s)], user=WEB_USER, properties=[f"BindReadOnlyPaths={source}:{path}"])


def own_mounts(s, **options):
    """A service that makes itself a place for mounts."""
    path = s.place(f"/usr/local/sbin/{s.name}")
    s.service(["/usr/bin/unshare", "--user", "--map-root-user", "--mount", path, *at(s)],
              user=WEB_USER, **options)
    s.facts["exe"] = path
# A terminal of its own for what is started with the words that follow "keep" or "close": that is
# what becomes of the other end once it listens.
TERMINAL = """
import os, pathlib, sys, time
master, slave = os.openpty()
child = os.fork()
if child == 0:
    os.setsid()
    for number in range(3):
        os.dup2(slave, number)
    os.closerange(3, 64)
    os.execv(sys.argv[3], sys.argv[3:])
os.close(slave)
wanted = f":{int(sys.argv[2]):04X} "
while wanted not in pathlib.Path("/proc/net/tcp").read_text():
    time.sleep(0.01)  # poll
if sys.argv[1] == "close":
    os.close(master)
os.waitpid(child, 0)
"""
SESSIONS = pathlib.Path("/run/systemd/sessions")


def note_session(number, state):
    """logind's file of it; the container has none of its own."""
    SESSIONS.mkdir(parents=True, exist_ok=True)
    if state:
        (SESSIONS / number).write_text(f"UID=1777\nSTATE={state}\n", encoding="ascii")


def in_terminal(s, end, number):
    """A program in a session, with a terminal whose other end is kept open or closed."""
    note_session(number, "online")
    s.session(["/usr/bin/python3", "-c", TERMINAL, end, str(s.port), PYTHON, "-c",
               "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + serving(s.port)],
              number=number)
    s.facts["exe"] = PYTHON


def in_session(s, number, state):
    """A session of which logind says that, or nothing any more."""
    note_session(number, state)
    s.session([PYTHON, "-c", serving(s.port)], number=number)


def orphan(s, start="session", **how):
    """Its parent has put it into the background and gone."""
    if "number" in how:
        note_session(how["number"], "online")
    end = "exit" if start == "session" else "exec sleep 1000"  # pause: it waits
    getattr(s, start)(["/bin/sh", "-c", f'("$@" &); {end}', "sh", PYTHON, "-c",
                       serving(s.port)], **how)
    s.facts["exe"] = PYTHON


def without_directory(s):
    directory = s.directory(f"{HOME}/{s.name}-checkout", owner=ALICE)
    theirs(s, cwd=directory)
    s.wait_listening()
    os.rmdir(directory)


PERL_SERVER = ('use IO::Socket::INET; my $held = IO::Socket::INET->new(Listen => 5, '
               'LocalAddr => "127.0.0.1", LocalPort => %d); sleep while 1;')  # pause: its life

# It listens once all have the socket.
FORKING_SERVER = ('use Socket; socket(my $held, PF_INET, SOCK_STREAM, 0); '
                  'bind($held, sockaddr_in(%d, INADDR_LOOPBACK)); my $forked = 0; '
                  'for (1 .. 600) { $forked = !fork() and last } '
                  'listen($held, 5) unless $forked; sleep while 1;')  # pause: its life

# ---- the table -----------------------------------------------------------------------------

SERVICES = [
    row("web-server", lambda s: s.service(
        ["/usr/bin/python3", "-m", "http.server", str(s.port)], user=WEB_USER), "service"),
    row("static-daemon", own, "service"),
    row("both-families", lambda s: own(s, "-a", "six"), "service"),
    row("daemon-as-nobody", lambda s: own(s, user="nobody"), "service"),
    row("dynamic-user", lambda s: own(s, properties=["DynamicUser=yes"]), "service",
        user=...),
    row("in-opt", lambda s: own(s, path="/opt/acme/bin/acmed"), "service"),
    row("upgraded", upgraded, "service"),
    row("upgraded-content", lambda s: upgraded(s, more=b"new"), "service"),
    row("upgraded-sandboxed", lambda s: upgraded(s, more=b"new", properties=[
        "PrivateTmp=yes", "ProtectSystem=strict", "ProtectHome=yes"]), "service"),
    row("upgraded-as-service-account", lambda s: upgraded(s, more=b"new", user=WEB_USER),
        "service"),
    row("shell-script-main", script_main, "service"),
    row("shell-script-main-python", script_main_python, "service"),
    row("script-with-shebang", shebang, "service"),
    row("python-multiprocessing", multiprocessing_server, "service"),
    row("perl-with-a-title", perl_title, "service", title="acme-server: ready"),
    row("perl-title-of-a-service-account", lambda s: perl_title(s, user=WEB_USER), "service"),
    row("python-title-of-a-service-account", lambda s: python_title(
        s, "gunicorn: master [acme]", user=WEB_USER), "service", title="gunicorn: master [acme]"),
    row("python-title-of-one-word", lambda s: python_title(s, "acme", user=WEB_USER), "service"),
    row("python-title-that-fills-its-place", lambda s: python_title(
        s, "[celeryd: w1@host:MainProcess] -active- (-A tasks) " + "x" * 200, user=WEB_USER),
        "service"),
    row("python-title-of-another-interpreter", lambda s: python_title(
        s, "sh -s", user=WEB_USER), "service"),
    row("python-title-of-its-name", lambda s: python_title(s, "python3", user=WEB_USER),
        "service", title=None),
    row("python-empty-title", lambda s: python_title(s, "", user=WEB_USER), "service",
        title=None),
    row("python-title-of-a-dynamic-user", lambda s: python_title(
        s, "a/b -c\nd", properties=["DynamicUser=yes"]), "service", user=...),
    row("worker-with-a-title", worker_with_a_title, "service"),
    row("title-below-a-shell", title_below_a_shell, "service"),
    row("option-with-a-value", option_with_a_value, "service"),
    row("title-of-its-own", lambda s: own(s, "-t", "acme: worker 3", "-c", "acme-worker"),
        "service", title="acme: worker 3"),
    row("postgres-like-title", lambda s: own(
        s, "-t", "postgres: checkpointer", path="/usr/lib/postgresql/15/bin/postgres"),
        "service"),
    row("busybox-httpd", lambda s: s.service(
        [BUSYBOX, "httpd", "-f", "-p", f"127.0.0.1:{s.port}", "-h", "/srv"]), "service"),
    row("started-by-a-link", by_a_link, "service"),
    row("socat-as-a-service", lambda s: s.service(
        [SOCAT, f"TCP-LISTEN:{s.port},fork,reuseaddr,bind=127.0.0.1", "EXEC:/bin/cat"]), "service"),
    row("prefork", lambda s: own(s, "-f", "8"), "service", holders="9"),
    row("reuseport", lambda s: own(s, "-r", "4"), "service"),
    row("socket-unit-waiting", waiting_socket, "service", exe=...),
    row("socket-unit-after-a-connection", activated, "service"),
    row("socket-unit-accepting", lambda s: waiting_socket(s, "yes"), "service", exe=...),
    row("passed-both-hold", lambda s: pass_on(s) and None, "service", holders="2", unit=...,
        exe=...),
    row("passed-and-left", passed_and_left, "service", holders="1"),
    row("pid-namespace", lambda s: child_of(
        s, ["/usr/bin/unshare", "--pid", "--fork", s.place("/usr/local/sbin/in-pid-ns"), *at(s)],
        "/usr/local/sbin/in-pid-ns"), "service"),
    row("mount-namespace", lambda s: own(s, properties=["PrivateTmp=yes", "ProtectSystem=full"]),
        "service"),
    row("chroot", chroot, "service"),
    row("auto-on-all-addresses", lambda s: own(s, "-a", "any"), "service", "exposed", auto=1),
    row("auto-on-loopback", own, "service", auto=1),
    row("passive-ports", lambda s: own(s, "-a", "any", "-n", "4", user=WEB_USER), "service",
        "exposed", auto=4),
    row("resolver", lambda s: own(s, "-u", "-a", "any", "-n", "20", user=WEB_USER), "service",
        protocol="udp", auto=20),
    row("self-updating-in-opt", lambda s: updated(s, "/opt/updater/bin/updater", "root"),
        "service"),
]

PEOPLE = [
    row("python-inline", lambda s: s.loose(["/usr/bin/python3", "-c", serving(s.port)]), "user"),
    row("perl-inline", lambda s: s.loose(["/usr/bin/perl", "-e", PERL_SERVER % s.port]), "user"),
    row("netcat-of-alice", lambda s: s.loose([NETCAT, "-l", "-k", "127.0.0.1", str(s.port)]),
        "user"),
    row("script-by-relative-path", relative_script, "user"),
    row("user-unit-inline", lambda s: s.user_service(
        ["/usr/bin/python3", "-c", serving(s.port)]), "user"),
    row("user-unit-program", lambda s: s.user_service(
        [s.place(f"{HOME}/bin/{s.name}", owner=ALICE), *at(s)]), "user"),
    row("session", lambda s: s.session(["/usr/bin/python3", "-c", serving(s.port)]), "user"),
    row("session-netcat", lambda s: s.session(
        [NETCAT, "-l", "-k", "127.0.0.1", str(s.port)], number="9"), "user"),
    row("session-netcat-of-root", session_of_root, "user", user="root"),
    row("wrapped-with-its-name", wrapped, "user"),
    row("user-socket-waiting", user_socket, "user", exe=..., user_unit=...),
    row("below-sshd", below_sshd, "user", origin="ssh"),
    row("cron-job-of-inline-code", cron_job, "user", origin="cron"),
    row("setuid-program", setuid, "user"),
    row("user-namespace", lambda s: theirs(
        s, wrapper=["unshare", "--user", "--map-root-user"]), "user"),
    row("go-run", lambda s: below_go(s, "/tmp/go-build123/b001/exe/main", "-a", "any"), "user",
        "exposed", auto=1),
    row("go-test", lambda s: below_go(s, "/tmp/go-build456/b001/acme.test"), "user", auto=1),
    row("called-as-by-go", lambda s: theirs(s, path="/tmp/go-build789/b001/exe/main"), "user",
        "temporary"),
    row("below-alices-go", lambda s: below_go(
        s, "/tmp/go-build987/b001/exe/main", go=f"{HOME}/go/bin/go", owner=ALICE), "user",
        "temporary"),
    row("appimage", app_image, "user"),
    row("self-updating-in-home", lambda s: updated(s, f"{HOME}/.local/bin/updater", ALICE),
        "user"),
    row("test-runner", lambda s: theirs(s, "-n", "6"), "user", auto=6),
    row("built-with-umask-002", lambda s: theirs(s, mode=0o775), "user"),
    row("built-with-umask-002-exposed", lambda s: theirs(s, "-a", "any", mode=0o775), "user",
        "exposed", auto=1),
    row("in-tmp", lambda s: s.loose(
        [s.place("/tmp/busybox", owner=ALICE, source=BUSYBOX), "nc", "-l", "-p", str(s.port)]),
        "user", "temporary"),
    row("in-run-user", lambda s: theirs(s, path=f"{RUNTIME}/{s.name}"), "user", "temporary"),
]

# Hints count for nothing: class and reasons are what they are without them.
FORGOTTEN = [
    row("terminal-is-closed", lambda s: in_terminal(s, "close", "21"), "user",
        hints="terminal-ended"),
    row("terminal-is-open", lambda s: in_terminal(s, "keep", "22"), "user", hints=None),
    row("session-is-closing", lambda s: in_session(s, "23", "closing"), "user",
        hints="session-ended"),
    row("session-is-gone", lambda s: in_session(s, "24", ""), "user", hints="session-ended"),
    row("session-goes-on", lambda s: in_session(s, "25", "online"), "user", hints=None),
    row("parent-is-gone", lambda s: orphan(s, number="26"), "user", hints="parent-ended"),
    row("parent-is-gone-in-a-user-unit", lambda s: orphan(s, "user_service"), "user",
        hints="parent-ended"),
    row("directory-is-deleted", without_directory, "user", hints="directory-deleted"),
    row("user-unit-goes-on", lambda s: s.user_service([PYTHON, "-c", serving(s.port)]), "user",
        hints=None),
    row("service-goes-on", own, "service", hints=None),
]

CONTAINERS = [
    row("docker", lambda s: in_container(s, f"system.slice/docker-{IDS['docker']}.scope",
                                         unit=...), "service", container=IDS["docker"]),
    row("docker-cgroupfs", lambda s: in_container(s, f"docker/{IDS['docker-cgroupfs']}"),
        "service", container=IDS["docker-cgroupfs"]),
    row("podman", lambda s: in_container(s, f"machine.slice/libpod-{IDS['podman']}.scope",
                                         unit=...), "service", container=IDS["podman"]),
    row("podman-rootless", lambda s: in_container(
        s, f"user.slice/user-1777.slice/user@1777.service/user.slice/"
        f"libpod-{IDS['rootless']}.scope", user=ALICE, unit="user@1777.service"), "user",
        user_unit=f"libpod-{IDS['rootless']}.scope", container=IDS["rootless"]),
    row("crio", lambda s: in_container(
        s, f"kubepods.slice/kubepods-besteffort.slice/{POD}/crio-{IDS['crio']}.scope", unit=...),
        "service", container=IDS["crio"]),
    row("containerd", lambda s: in_container(
        s, "kubepods.slice/kubepods-besteffort.slice/"
        f"{POD}/cri-containerd-{IDS['containerd']}.scope", unit=...), "service",
        container=IDS["containerd"]),
    row("kubepods-cgroupfs", lambda s: in_container(
        s, "kubepods/besteffort/pod11112222-3333-4444-5555-666677778888/" + IDS["kubepods"]),
        "service", container=IDS["kubepods"]),
    row("lxc", lambda s: in_container(s, "lxc.payload.webhost/system.slice/acme.service",
                                      user="100033", unit=...), "service", container="webhost",
        user=...),
    row("nspawn", lambda s: in_container(
        s, "machine.slice/systemd-nspawn@builder.service/payload/system.slice/acme.service",
        unit="systemd-nspawn@builder.service"), "service", container="builder"),
    row("docker-proxy", docker_proxy, "service", forwards_to=IDS["forwarded"]),
    row("docker-proxy-of-alice", lambda s: s.loose(forwarding(
        s, s.place(f"{HOME}/docker-proxy", owner=ALICE))), "user", forwards_to=None),
    row("docker-proxy-run-by-alice", lambda s: s.loose(forwarding(
        s, s.place("/usr/local/lib/acme/docker-proxy"))), "user", forwards_to=None),
]

KERNEL = [
    row("vxlan", lambda s: vxlan(s, "sitvx0"), "kernel", protocol="udp", owner="kernel",
        user="root", exe=None, unit=..., exposure="any"),
    row("vxlan-moved-away", moved_vxlan, "unknown", "kernel-unproved", protocol="udp",
        owner="unknown", owner_reason="kernel-unproved", user=..., exe=None, unit=...),
    row("mptcp-endpoint", mptcp_endpoint, "kernel", owner="kernel", user="root", exe=None,
        unit=..., exposure="loopback"),
    # Beside a device whose driver could have it: the tunnels' drivers are loaded by now.
    row("like-a-tunnel", lambda s: own(s, "-u", "-a", "any", "-M", "-I"), "unknown",
        "kernel-unproved", protocol="udp", owner="unknown", owner_reason="kernel-unproved",
        user=..., exe=None),
    row("io-uring", lambda s: own(s, "-i"), "service", holders="1"),
    row("io-uring-of-alice", lambda s: theirs(s, "-i"), "user", holders="1"),
    row("auto-on-the-device-lo", lambda s: own(s, "-a", "any", "-l"), "service", auto=1,
        exposure="loopback"),
    row("on-the-device-lo", lambda s: own(s, "-a", "any", "-l"), "service", exposure="loopback"),
]
if kernel_has("wireguard"):
    KERNEL.append(row("wireguard", wireguard, "unknown", "kernel-unproved", protocol="udp", auto=1,
                      owner="unknown", owner_reason="kernel-unproved", user=..., exe=None))

SUSPECTS = [
    row("memfd", lambda s: s.service(
        [s.place(f"/usr/local/sbin/{s.name}"), "-m", "acme", "--", *at(s)]), "suspect", "memory",
        exe="/memfd:acme"),
    row("memfd-of-alice", lambda s: s.loose(
        [s.place(f"{HOME}/{s.name}", owner=ALICE), "-m", "acme", "--", *at(s)]), "suspect",
        "memory", exe="/memfd:acme"),
    row("busybox-in-shm", lambda s: s.loose(
        [s.place("/dev/shm/busybox", owner=ALICE, source=BUSYBOX), "nc", "-l", "-p",
         str(s.port)]), "suspect", "shm"),
    row("deleted-in-shm", lambda s: theirs(s, "-D", path=f"/dev/shm/{s.name}"), "suspect", "shm",
        "deleted"),
    row("systemd-in-shm", lambda s: to_init(s, [s.place("/dev/shm/.s/systemd"), *at(s)]),
        "suspect", "shm"),
    row("systemd-in-memory", lambda s: to_init(s, [
        s.place(f"{HOME}/{s.name}", owner=ALICE), "-m", "s/systemd", "--", *at(s)]), "suspect",
        "memory", exe="/memfd:s/systemd"),
    row("systemd-with-a-library", systemd_with_a_library, "suspect", "disguise"),
    row("systemd-with-a-library-of-a-service-account", lambda s: systemd_with_a_library(
        s, user=WEB_USER), "suspect", "disguise"),
    row("systemd-in-the-managers-cgroup", systemd_in_the_managers_cgroup, "suspect", "disguise"),
    # Not in its own place, where a newer systemd would need it.
    row("systemds-executor", lambda s: to_init(s, [
        s.place("/usr/local/lib/systemd/systemd-executor"), *at(s, "-t", "nginx: worker")],
        user=WEB_USER), "suspect", "disguise"),
    row("service-in-shm", lambda s: s.service([s.place("/dev/shm/.x/acmed"), *at(s)]), "suspect",
        "shm"),
    row("bracketed", lambda s: called(s, "[kworker/0:1]"), "suspect", "disguise"),
    row("comm-of-a-kernel-thread", lambda s: theirs(s, "-c", "kworker/u8:2"), "suspect",
        "disguise"),
    row("comm-of-btrfs", lambda s: theirs(s, "-c", "btrfs-cleaner"), "suspect", "disguise"),
    row("comm-sshd", lambda s: theirs(s, "-c", "sshd"), "suspect", "disguise"),
    row("called-cron", lambda s: called(s, "/usr/sbin/cron"), "suspect", "disguise"),
    row("called-dpkg", lambda s: called(s, "/usr/bin/dpkg"), "suspect", "disguise"),
    row("python-called-nginx", python_called_nginx, "suspect", "disguise"),
    row("title-nginx", lambda s: theirs(s, "-t", "nginx: worker process"), "suspect", "disguise"),
    row("shell-on-listener", lambda s: s.loose(
        [s.place(f"{HOME}/{s.name}", owner=ALICE), *at(s, "-0"), "/bin/bash", "-c",
         "sleep infinity & wait"]),  # pause: a shell that stays
        "suspect", "shell", exe="/usr/bin/bash"),
    row("bind-shell", bind_shell, "suspect", "shell"),
    row("ncat-of-a-service-account", lambda s: s.loose(
        [NCAT, "-l", "-k", "127.0.0.1", str(s.port)], user=WEB_USER), "suspect", "stranger"),
    row("ncat-with-a-shell", web_shell, "suspect", "shell"),
    row("bind-shell-of-a-service-account", bind_shell_service, "suspect", "shell"),
    row("shell-of-a-handler", lambda s: handler_server(s, f"{ON_NETWORK} {SHELL}"), "suspect",
        "shell"),
    row("shell-deep-below", lambda s: handler_server(
        s, f"{ON_NETWORK} if (fork()) {{ wait }} if (fork()) {{ wait }} {SHELL}"), "suspect",
        "shell"),
    row("shell-left-behind", lambda s: handler_server(
        s, f"{ON_NETWORK} exit if fork(); {SHELL}", user=WEB_USER), "suspect", "shell"),
    row("shell-left-behind-by-a-person", lambda s: handler_server(
        s, f"{ON_NETWORK} exit if fork(); {SHELL}", start="session", number="71"), "suspect", "shell"),
    row("ncat-of-a-person-with-a-shell", lambda s: relay(
        s, NCAT, "-l", "-k", "-e", "/bin/sh", "127.0.0.1", str(s.port)), "suspect", "shell"),
    row("socat-with-a-terminal", lambda s: relay(
        s, SOCAT, f"TCP-LISTEN:{s.port},fork,bind=127.0.0.1", "EXEC:/bin/sh,pty,setsid"),
        "suspect", "shell"),
    row("super-servers-shell", lambda s: super_server(s, "/bin/sh", "-i"), "suspect", "shell"),
    # Anybody can start the host's own: for a person it is no super-server.
    row("super-server-of-alice", lambda s: super_server(s, agent(s), user=ALICE), "suspect",
        "shell", user=ALICE),
    row("shell-for-each-connection", lambda s: accepted(s, "-/bin/sh", "-i"), "suspect", "shell",
        exe=SYSTEMD),
    row("netcat-of-a-dynamic-user", lambda s: child_of(
        s, [NETCAT, "-l", "-k", "127.0.0.1", str(s.port)], NETCAT, user=None,
        properties=["DynamicUser=yes"]), "suspect", "stranger", user=...),
    row("socat-of-nobody", lambda s: child_of(
        s, [SOCAT, f"TCP-LISTEN:{s.port},fork,reuseaddr,bind=127.0.0.1", "EXEC:/bin/cat"], SOCAT,
        user="nobody"), "suspect", "stranger"),
    row("busybox-nc-of-a-service-account", lambda s: web_child(
        s, [BUSYBOX, "nc", "-ll", "-p", str(s.port), "-e", "/bin/cat"]), "suspect", "stranger"),
    row("inline-of-a-service-account", lambda s: web_child(
        s, ["/usr/bin/python3", "-c", serving(s.port)]), "suspect", "stranger"),
    row("inline-behind-an-option-with-a-value", lambda s: web_child(
        s, ["/usr/bin/python3", "--check-hash-based-pycs", "always", "-c", serving(s.port)]),
        "suspect", "stranger"),
    row("perl-inline-of-a-service-account", lambda s: web_child(
        s, ["/usr/bin/perl", "-we", PERL_SERVER % s.port]), "suspect", "stranger"),
    row("code-on-stdin", in_code, "suspect", "stranger"),
    row("code-on-dev-stdin", lambda s: in_code(s, "/dev/stdin"), "suspect", "stranger"),
    row("code-in-a-substitution", in_a_substitution, "suspect", "stranger"),
    row("inline-in-another-service", lambda s: child_of(
        s, ["/usr/bin/python3", "-c", serving(s.port)], PYTHON),
        "suspect", "stranger"),
    row("netcat-in-another-service", lambda s: child_of(
        s, [NETCAT, "-l", "-k", "127.0.0.1", str(s.port)], NETCAT), "suspect", "stranger"),
    row("netcat-of-a-service-account-in-another-service", lambda s: child_of(
        s, [NETCAT, "-l", "-k", "127.0.0.1", str(s.port)], NETCAT, user=WEB_USER), "suspect",
        "stranger"),
    row("in-flight", lambda s: theirs(s, "-F"), "suspect", "no-owner", owner="unknown",
        owner_reason="no-process", exe=None),
    # Root's, beside tunnels and MPTCP; the ring has no descriptor, so nobody is seen with it.
    row("hidden-io-uring", lambda s: own(s, "-I"), "suspect", "no-owner", owner="unknown",
        owner_reason="no-process", user=..., exe=None),
    row("hidden-io-uring-udp", lambda s: own(s, "-u", "-a", "any", "-I"), "suspect", "no-owner",
        protocol="udp", owner="unknown", owner_reason="no-process", user=..., exe=None),
    row("root-runs-alices-exposed", lambda s: s.service(
        [s.place(f"{HOME}/{s.name}", owner=ALICE), *at(s, "-a", "any")]), "unknown", "foreign",
        "exposed", auto=1),
    row("deleted-exposed", lambda s: removed(s, "-a", "any"), "service", "deleted", "exposed",
        auto=1),
    row("root-runs-alices-deleted", roots_deleted, "suspect", "foreign", "deleted"),
    row("writable-and-exposed", lambda s: s.service(
        [s.place(f"/usr/local/sbin/{s.name}", mode=0o777), *at(s, "-a", "any")]), "unknown",
        "writable", "exposed", auto=1),
    row("in-tmp-and-exposed-service", lambda s: s.service(
        [s.place(f"/tmp/{s.name}"), *at(s, "-a", "any")]), "suspect", "temporary", "exposed",
        auto=1),
    row("in-tmp-exposed", lambda s: theirs(s, "-a", "any", path=f"/tmp/{s.name}"), "suspect",
        "temporary", "exposed", auto=1),
    row("another-users-child-exposed", lambda s: child_of(
        s, [s.place(f"/opt/of-alice/{s.name}", owner=ALICE), *at(s, "-a", "any")],
        f"/opt/of-alice/{s.name}"), "suspect", "foreign", "exposed", auto=1),
    row("deleted-in-tmp", lambda s: theirs(s, "-D", path=f"/tmp/{s.name}"), "suspect", "deleted",
        "temporary"),
]

ONE_WEAK = [
    row("deleted", removed, "service", "deleted"),
    row("in-var-tmp", lambda s: s.service([s.place(f"/var/tmp/{s.name}"), *at(s)]), "unknown",
        "temporary"),
    row("in-everybodys-directory", open_directory, "unknown", "temporary"),
    row("writable-by-a-group", of_group, "unknown", "writable"),
    row("writable-by-all", lambda s: s.service(
        [s.place(f"/usr/local/sbin/{s.name}", mode=0o777), *at(s)]), "unknown", "writable"),
    row("root-runs-alices", lambda s: s.service(
        [s.place(f"{HOME}/{s.name}", owner=ALICE), *at(s)]), "unknown", "foreign"),
    row("becomes-another", becomes_another, "service", "changed",
        later=lambda s: os.kill(s.pid(), signal.SIGUSR1)),
]

FURTHER = [
    row("copied-interpreter", copied_interpreter, "service"),
    row("shebang-by-env", shebang_by_env, "service"),
    row("main-has-ended", main_has_ended, "service"),
    row("moved-aside", moved_aside, "service"),
    row("server-that-runs-commands", lambda s: handler_server(
        s, 'open(my $p, "-|", "sleep 1000; true"); <$p>'), "service",  # pause: it stays
        hints="runs-shell"),
    row("server-with-terminals", lambda s: handler_server(
        s, 'open2(my $o, my $i, "/bin/sh", "-c", "sleep 1000; true"); wait',  # pause: it stays
        start="session", number="72"), "user"),
    row("shell-with-a-connection-as-output", lambda s: handler_server(
        s, f'POSIX::dup2(fileno($c), 1); {SHELL}'), "suspect", "shell"),
    row("hook-with-a-pipeline-inherits-the-listener", lambda s: hook(
        s, "sleep 1000 | while read x; do :; done"), "service"),  # pause: the hook's work
    row("account-of-a-service-by-su-after-a-login", lambda s: s.session(
        ["/bin/su", "-s", "/bin/sh", WEB_USER, "-c", " ".join(relaying(s)) + "; true"],
        number="80", user="root"), "user", user=WEB_USER, exe=NETCAT, origin="su"),
    row("super-servers-script", lambda s: super_server(s, agent(s)), "service"),
    row("script-for-each-connection", lambda s: accepted(s, agent(s)), "service", exe=SYSTEMD),
    row("relay-that-runs-a-script", lambda s: relay(
        s, SOCAT, f"TCP-LISTEN:{s.port},fork,bind=127.0.0.1", f"EXEC:{agent(s)}"), "user"),
    row("version-directory", version_directory, "service"),
    row("version-directory-gone", lambda s: version_directory(
        s, "java-17.0.9-openjdk", "java-17.0.10-openjdk", keep=False), "service"),
    row("version-directory-of-another", lambda s: version_directory(
        s, "erts-13.1", "ertz-13.2", keep=False), "service", "deleted"),
    row("version-directory-open", lambda s: version_directory(
        s, "erts-13.1", "erts-13.2", keep=False, mode=0o777), "service", "deleted"),
    row("jmx-after-an-update", lambda s: version_directory(
        s, "java-17.0.9", "java-17.0.10", "-a", "any", keep=False), "service", "exposed", auto=1),
    row("in-run", lambda s: own(s, path=f"/run/acme/{s.name}"), "service"),
    row("in-srv", lambda s: own(s, path=f"/srv/of-acme/{s.name}", user=WEB_USER), "service"),
    row("in-var-lib", lambda s: own(s, path=f"/var/lib/acme/{s.name}"), "service"),
    row("a-very-long-daemon-name", own, "service"),
    row("group-of-root-may-write", lambda s: s.service(
        [s.place(f"/usr/local/sbin/{s.name}", mode=0o775), *at(s)]), "service"),
    row("its-users-own-in-srv", lambda s: s.service(
        [s.place(f"/srv/of-its-user/{s.name}", owner=WEB_USER), *at(s)], user=WEB_USER),
        "unknown"),
    row("another-users-in-srv", lambda s: s.service(
        [s.place(f"/srv/of-alice/{s.name}", owner=ALICE), *at(s)], user=WEB_USER), "unknown",
        "writable"),
    row("template-unit", lambda s: own(s, name="sit-template@one"), "service"),
    row("escaped-unit", lambda s: own(s, name="sit-a\\x2db"), "service"),
    row("nested-slices", lambda s: own(s, slice_name="acme-web-front.slice"), "service"),
    row("forty-children", lambda s: own(s, "-f", "40"), "service", holders="41"),
    row("inherited-from-a-parent", inherited_from_a_parent, "service"),
    row("drops-root", drops_root, "service"),
    row("udp-server", lambda s: own(s, "-u"), "service", protocol="udp"),
    row("ordinary-child", lambda s: child_of(
        s, [s.place(f"/usr/local/lib/acme/{s.name}"), *at(s)], f"/usr/local/lib/acme/{s.name}"),
        "service"),
    row("two-programs-share", two_programs, "service", "changed", exe=..., unit=...),
    row("hard-link-in-tmp", lambda s: linked_to_tmp(s, True), "user", "temporary"),
    row("symlink-in-tmp", lambda s: linked_to_tmp(s, False), "user"),
    row("all-namespaces", lambda s: theirs(
        s, wrapper=["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork"]),
        "user"),
    row("sshd", unit_of_that_name_below_alice, "user"),
    row("title-of-a-word", title_of_a_word, "user"),
    row("private-tmp", lambda s: s.service(
        ["/bin/sh", "-c", f"cp {NETCAT} /tmp/acme && exec /tmp/acme -l -k 127.0.0.1 {s.port}"],
        properties=["PrivateTmp=yes"]), "unknown", "temporary", exe="/tmp/acme"),
    row("memfd-as-a-kernel-thread", lambda s: s.loose(
        [s.place(f"{HOME}/{s.name}", owner=ALICE), "-m", "[kworker/0:0]", "--", *at(s)]),
        "suspect", "memory", "disguise", exe="/memfd:[kworker/0:0]"),
    row("busybox-shell-on-listener", lambda s: s.loose(
        [s.place(f"{HOME}/{s.name}", owner=ALICE), *at(s, "-0"), BUSYBOX, "sh", "-c",
         "sleep infinity & wait"]),  # pause: a shell that stays
        "suspect", "shell", exe=BUSYBOX),
    row("called-by-a-programs-bare-name", lambda s: called(s, "dpkg"), "suspect", "disguise"),
    row("called-as-a-login-shell", lambda s: called(s, "-bash"), "suspect", "disguise"),
    row("executes-itself", lambda s: child_of(
        s, ["/proc/self/exe", *at(s)], f"/usr/local/sbin/{s.name}-main"), "service"),
    row("comm-of-another-program", lambda s: theirs(s, "-c", "dpkg"), "suspect", "disguise"),
]

STANDING = [
    row("relay-of-a-service-account", lambda s: s.service(relaying(s), user=WEB_USER), "service",
        origin="unit"),
    row("relay-of-a-dynamic-user", lambda s: s.service(
        relaying(s), properties=["DynamicUser=yes"]), "service", user=...),
    row("code-of-nobody", lambda s: s.service(
        ["/usr/bin/python3", "-c", serving(s.port)], user="nobody"), "service"),
    row("code-with-six-hundred-forks", lambda s: s.service(
        ["/usr/bin/perl", "-e", FORKING_SERVER % s.port], user="nobody"), "service",
        holders="601"),
    row("shell-as-the-main-program", lambda s: s.service(
        ["/bin/sh", "-c", " ".join(relaying(s)) + "; true"], user=WEB_USER), "service", exe=NETCAT),
    row("workers-below-a-wrapper", wrapped_workers, "service"),
    row("below-supervisord", lambda s: below_script(s, "/usr/local/bin/supervisord"), "service"),
    row("below-runit", lambda s: below(
        s, "/usr/local/bin/runsvdir", "/usr/local/bin/runsv"), "service"),
    row("below-s6", lambda s: below(
        s, "/usr/local/bin/s6-svscan", "/usr/local/bin/s6-supervise",
        command=["/usr/bin/python3", "-c", serving(s.port)]), "service"),
    row("below-monit", lambda s: below(s, "/usr/local/bin/monit", command=[
        "/bin/sh", "-c", " ".join(relaying(s)) + "; true"]), "service", exe=NETCAT),
    row("below-timeout", lambda s: s.service(["/usr/bin/timeout", "1d", *relaying(s)],
                                             user=WEB_USER), "service", exe=NETCAT),
    row("below-su", lambda s: s.service(
        ["/bin/su", "-s", "/bin/sh", "nobody", "-c", " ".join(relaying(s)) + "; true"]), "service",
        user="nobody", exe=NETCAT),
    row("below-timeout-below-a-server", lambda s: web_child(
        s, ["/usr/bin/timeout", "1d", *relaying(s)]), "suspect", "stranger", exe=NETCAT),
    row("supervisor-below-a-server", lambda s: web_child(
        s, [s.place("/usr/local/lib/acme/monit"), "-x", *relaying(s)]), "suspect", "stranger",
        exe=NETCAT),
    row("runner-below-a-server", lambda s: web_child(
        s, [s.place("/usr/local/lib/acme/gitlab-runner"), "-x", *relaying(s)]), "suspect",
        "stranger", exe=NETCAT, origin="unit"),
    row("below-the-init-of-a-container", lambda s: s.loose(
        [s.place("/usr/local/libexec/docker-init"), "-x", *relaying(s)], user="root",
        cgroup=f"system.slice/docker-{IDS['init']}.scope"), "service", exe=NETCAT,
        container=IDS["init"], unit=...),
    row("below-a-server-of-a-container", lambda s: s.loose(
        [s.place(f"/usr/local/lib/acme/{s.name}"), "-x", *relaying(s)], user=WEB_USER,
        cgroup=f"system.slice/docker-{IDS['broken-into']}.scope"), "suspect", "stranger",
        exe=NETCAT, container=IDS["broken-into"], unit=...),
    row("below-a-configuration-agent", lambda s: below(s, "/var/cfengine/bin/cf-execd"),
        "service"),
    row("below-pm2", lambda s: below(
        s, f"{HOME}/.nvm/node", user=ALICE, unit="pm2-alice"), "service", user=ALICE),
    row("sap-instance", lambda s: of_its_account(
        s, "/usr/sap/PRD/D00/exe/sapstartsrv", "/usr/sap/PRD/D00/exe/gwrd", name="SAPPRD_00"),
        "unknown"),
    row("oracle-dispatcher", lambda s: of_its_account(
        s, "/u01/dbhome_1/bin/tnslsnr", "/u01/dbhome_1/bin/oracle", "-a", "any"), "unknown",
        "exposed", auto=1),
    row("wrapper-with-its-own-java", own_runtime, "unknown"),
    row("nomad-exec", nomad_exec, "unknown"),
    row("capistrano-release", release, "unknown", script=...),
    row("hook-inherits-the-listener", hook, "service", holders="3"),
    row("left-behind-by-an-earlier-run", left_behind, "suspect", "stranger"),
    row("code-beside-a-workers", beside_a_worker, "suspect", "stranger"),
    row("relay-in-init-scope", in_init_scope, "suspect", "stranger"),
    row("below-somebodys-supervisord", lambda s: below_script(
        s, f"{HOME}/supervisord", user=WEB_USER, owner=ALICE), "suspect", "stranger"),
    row("below-another-monit", lambda s: child_of(
        s, relaying(s), NETCAT, main=f"{HOME}/bin/monit", owner=ALICE), "suspect", "stranger"),
    row("of-the-services-account", lambda s: child_of(
        s, [s.place(f"/var/www/{s.name}", owner=WEB_USER), *at(s)], f"/var/www/{s.name}",
        user=WEB_USER), "unknown", "own-file"),
    row("dropped-in-tmp", lambda s: dropped(s, "/tmp"), "suspect", "own-file", "temporary"),
    row("dropped-in-a-private-tmp", lambda s: dropped(
        s, "/tmp", properties=["PrivateTmp=yes"]), "suspect", "own-file", "temporary"),
    row("dropped-in-shm", lambda s: dropped(s, "/dev/shm"), "suspect", "own-file", "shm"),
]

ORIGINS = [
    row("script-by-roots-cron", root_script_by_cron, "service", origin="cron"),
    row("relay-by-roots-cron", lambda s: job(s, "/usr/local/sbin/cron", user="root"), "suspect",
        "stranger", origin="cron"),
    row("job-by-at", lambda s: job(s, "/usr/local/sbin/atd"), "user", origin="at"),
    row("job-of-slurm", job_of_slurm, "user", origin="slurm", unit=...),
    row("job-of-a-runner", lambda s: below(
        s, "/usr/local/bin/gitlab-runner", user=ALICE, command=[
            "/bin/bash", "-c", " ".join(relaying(s)) + "; true"]), "user", origin="ci", exe=NETCAT,
        user=ALICE),
    row("job-of-a-runner-in-a-home", github_runner, "user", origin="ci"),
    row("job-of-a-false-runner", lambda s: child_of(
        s, relaying(s), NETCAT, main=f"{HOME}/gitlab-runner", user=WEB_USER, owner=ALICE),
        "suspect", "stranger", origin="unit"),
    # What a service's account calls like what starts others, and the host's own that it runs: for
    # nobody but root, or whose unit was made for them, they are that.
    *(row(f"own-{name}", lambda s, name=name: s.loose(
        [s.place(f"/var/www/own/{name}", owner=WEB_USER), "-x", *relaying(s)], user=WEB_USER),
        "suspect", "stranger", exe=NETCAT) for name in STARTERS),
    *(row(f"hosts-{name}", lambda s, name=name: s.loose(
        [s.place(f"/usr/local/lib/acme/{name}"), "-x", *relaying(s)], user=WEB_USER),
        "suspect", "stranger", exe=NETCAT) for name in STARTERS),
    row("by-su", by_su, "user", origin="su"),
    row("by-a-timer", by_timer, "service", origin="timer"),
    row("moved-into-sshds-unit", moved_to_sshd, "suspect", "stranger"),
    row("left-in-sshds-unit", left_in_sshd, "user", origin="ssh"),
    row("screen-as-a-unit", lambda s: below(
        s, "/usr/local/bin/screen", user=ALICE), "service", user=ALICE, origin="unit"),
    row("container-of-ecs", lambda s: in_container(
        s, f"ecs/{'a5' * 16}/{IDS['ecs']}", user=ALICE), "service", container=IDS["ecs"],
        origin="container"),
    row("container-below-another-parent", lambda s: in_container(
        s, f"jobs/{IDS['parent']}"), "service", container=IDS["parent"]),
    row("container-of-nerdctl", lambda s: in_container(
        s, f"default/{IDS['nerdctl']}", user=WEB_USER), "service", container=IDS["nerdctl"]),
    row("container-in-a-container", lambda s: in_container(
        s, f"docker/{IDS['outer']}/jobs/{IDS['inner']}"), "service", container=IDS["outer"]),
    row("cgroup-named-as-a-container", delegated, "suspect", "stranger", origin="unit"),
    *(row(f"{name}-below-a-users-manager", lambda s, cgroup=cgroup: s.loose(
        [s.place(f"/usr/local/bin/{s.name}"), *at(s)], owner=ALICE,
        cgroup=f"{BELOW_ALICES}/{s.name}/{cgroup}"), "user", unit="user@1777.service")
      for name, cgroup in CONTAINERS_OF_ALICE.items()),
]

MOUNTS = [
    row("bound-from-shm", lambda s: bound_over(s, f"/dev/shm/{s.name}"), "suspect", "shm"),
    row("bound-from-tmp", lambda s: bound_over(s, f"/tmp/{s.name}"), "unknown", "temporary"),
    row("bound-from-the-host", lambda s: bound_over(s, f"/opt/acme/{s.name}"), "service"),
    row("private-users", lambda s: own(
        s, user=WEB_USER, properties=["PrivateUsers=yes", "PrivateTmp=yes"]), "service"),
    row("mounts-of-a-service-account", own_mounts, "unknown", "own-mounts"),
]

# Last: while it runs, ports come and go.
HOPPERS = [
    row("ftp-passive", lambda s: own(s, "-P", "-a", "any", user=WEB_USER), "service", "exposed",
        auto=1, alert=False),
]

TABLE = [*SERVICES, *PEOPLE, *FORGOTTEN, *CONTAINERS, *KERNEL, *SUSPECTS, *ONE_WEAK, *FURTHER,
         *STANDING, *ORIGINS, *MOUNTS, *bound.rows(row), *interpreters.rows(row),
         *names.rows(row), *HOPPERS]
