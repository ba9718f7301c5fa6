# SPDX-License-Identifier: MIT
"""Starting real programs as services, as people's, in containers' cgroups, in a booted container.

A Stage is set up once: the account alice with a user manager of her own, the stand-in compiled. A
Scene is one situation on it: it starts what the situation needs and notes what follows from how it
was started (unit, user, program), so that a table needs to say only what is special.
"""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

from harness import SOURCE, run, wait_until

CGROUP = pathlib.Path("/sys/fs/cgroup")
PYTHON = os.path.realpath("/usr/bin/python3")
PERL = os.path.realpath("/usr/bin/perl")
ASKED = range(50000, 51000)
AUTO = range(51000, 52000)
RANGE = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
ALICE = "alice"
ALICE_UID = 1777
RUNTIME = f"/run/user/{ALICE_UID}"
# User managers without logind, which the container has not.
USER_MANAGER = """[Service]
PAMName=
Environment=XDG_RUNTIME_DIR=/run/user/%i
"""
RUNTIME_DIRECTORY = """[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/install -d -m 700 -o %i /run/user/%i
"""
# /proc/net: the state of a socket that listens.
TABLES = {"tcp": ("0A", ("tcp", "tcp6")), "udp": ("07", ("udp", "udp6"))}


def listening(protocol):
    """The ports listened on, in this network namespace."""
    state, names = TABLES[protocol]
    ports = set()
    for name in names:
        text = pathlib.Path("/proc/net", name).read_text(encoding="ascii")
        for line in text.splitlines()[1:]:
            words = line.split()
            if words[3] == state:
                ports.add(int(words[1].rpartition(":")[2], 16))
    return ports


def serving(port, address="127.0.0.1"):
    """Python that listens."""
    return ("import signal, socket\n"
            f"held = socket.create_server(({address!r}, {port}))\nsignal.pause()\n")


class Stage:
    """What all scenes share."""

    def __init__(self, directory):
        self.directory = directory
        self.stand_in = directory / "stand-in"
        self.cgroups, self.units, self.processes = [], [], []
        run("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-static", "-o", self.stand_in,
            SOURCE / "tests/system/stand-in.c")
        run("mount", "-o", "remount,exec", "/dev/shm")
        self.range = RANGE.read_text(encoding="ascii")
        RANGE.write_text(f"{AUTO[0]} {AUTO[-1]}", encoding="ascii")
        self._make_alice()

    def _make_alice(self):
        if ALICE not in (entry.pw_name for entry in pwd.getpwall()):
            # Whatever the distribution's default: other accounts run what lies in there.
            run("useradd", "--create-home", "--key=HOME_MODE=0755", f"--uid={ALICE_UID}",
                "--user-group", "--shell=/bin/bash", ALICE)
        units = pathlib.Path("/run/systemd/system")
        (units / "user@.service.d").mkdir(parents=True, exist_ok=True)
        (units / "user@.service.d/50-test.conf").write_text(USER_MANAGER, encoding="ascii")
        (units / "user-runtime-dir@.service").write_text(RUNTIME_DIRECTORY, encoding="ascii")
        run("systemctl", "daemon-reload")
        run("systemctl", "start", f"user@{ALICE_UID}.service")

    def spawn(self, command, **options):
        """A process that is ended with the stage."""
        # pylint: disable-next=consider-using-with
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True, cwd="/", **options)
        self.processes.append(process)
        return process

    def clear(self):
        """Ends every process of the scenes."""
        # What is PID 1 of its own namespace does not hear of a polite signal.
        for verb in (["kill", "--signal=KILL"], ["stop"], ["reset-failed"]):
            if self.units:
                run("systemctl", *verb, *reversed(self.units), check=False)
        for cgroup in self.cgroups:
            (cgroup / "cgroup.kill").write_text("1", encoding="ascii")
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for cgroup in self.cgroups:
            wait_until(lambda path=cgroup: "populated 0" in
                       (path / "cgroup.events").read_text(encoding="ascii"))
            cgroup.rmdir()
        self.cgroups, self.units, self.processes = [], [], []

    def close(self):
        self.clear()
        RANGE.write_text(self.range, encoding="ascii")
        run("systemctl", "stop", f"user@{ALICE_UID}.service", check=False)


class Scene:  # pylint: disable=too-many-public-methods
    """One situation. `facts` is what is known of the owner from how it was started."""

    def __init__(self, stage, name, port):
        self.stage, self.name, self.port = stage, name, port
        self.facts = {}

    # ---- programs and files -----------------------------------------------------------------

    def place(self, path, mode=0o755, owner="root", source=None):
        """A copy of the stand-in (or of another program) at that path."""
        path = pathlib.Path(path)
        self.directory(path.parent, owner)
        path.unlink(missing_ok=True)
        shutil.copyfile(source or self.stage.stand_in, path)
        shutil.chown(path, owner, pwd.getpwnam(owner).pw_gid)
        path.chmod(mode)
        return str(path)

    def directory(self, path, owner="root", mode=None):
        """A directory with those that lead to it, where it is not there."""
        path = pathlib.Path(path)
        if not path.exists():
            self.directory(path.parent, owner)
            path.mkdir()
            shutil.chown(path, owner, pwd.getpwnam(owner).pw_gid)
        if mode is not None:
            path.chmod(mode)
        return str(path)

    def write(self, path, text, owner="root", mode=0o755):
        path = pathlib.Path(path)
        self.directory(path.parent, owner)
        path.write_text(text, encoding="utf-8")
        shutil.chown(path, owner, pwd.getpwnam(owner).pw_gid)
        path.chmod(mode)
        return str(path)

    def upgrade(self, path, owner="root", more=b""):
        """What dpkg does: another file is renamed over it; with more behind, another content."""
        new = pathlib.Path(self.place(f"{path}.new", owner=owner))
        with new.open("ab") as file:
            file.write(more)
        new.rename(path)

    # ---- starting ---------------------------------------------------------------------------

    def service(self, command, user=None, name=None, properties=(), slice_name=None):
        """As the main program of a system service."""
        unit = f"{name or 'sit-' + self.name}.service"
        if name:
            self._put_away(unit)
        run("systemd-run", "--quiet", "--collect", "--service-type=exec", f"--unit={unit}",
            *([f"--uid={user}"] if user else []),
            *([f"--slice={slice_name}"] if slice_name else []),
            *(f"--property={text}" for text in properties), *command)
        self.stage.units.append(unit)
        self._note(command, user or "root", unit=unit)
        return unit

    @staticmethod
    def _put_away(unit):
        """The host may have a unit of that name. In the container it is not needed."""
        run("systemctl", "stop", unit, check=False)
        # What is left may be made of an old start script.
        for what in ("FragmentPath", "SourcePath"):
            path = pathlib.Path(run("systemctl", "show", "-P", what, unit).stdout.strip())
            if path.is_file():
                path.unlink()
                run("systemctl", "daemon-reload")

    def loose(self, command, user=ALICE, cgroup=None, cwd=None, wrapper=(), script="",
              owner="root"):
        """In a cgroup that no service manager made, as that user; it is made by its owner."""
        path = CGROUP / (cgroup or f"people-{self.name}")
        missing = [path, *path.parents]
        for directory in reversed(missing[:missing.index(CGROUP)]):
            if not directory.exists():
                directory.mkdir()
                shutil.chown(directory, owner)
                self.stage.cgroups.insert(0, directory)
        self.stage.spawn(
            ["sh", "-c", 'echo $$ >"$0" && cd "$1" && shift && exec "$@"',
             path / "cgroup.procs", cwd or "/",
             "setpriv", f"--reuid={user}", f"--regid={self._group(user)}", "--clear-groups",
             "--", *wrapper, *command])
        self._note(command, user)
        if script:
            self.facts["script"] = script

    @staticmethod
    def _group(user):
        return user if str(user).isdigit() else pwd.getpwnam(user).pw_gid

    def session(self, command, number="7", user=ALICE):
        """As in a session that logind opened."""
        unit = f"session-{number}.scope"
        self.stage.spawn(["systemd-run", "--quiet", "--collect", "--scope", f"--unit={unit}",
                          f"--slice=user-{pwd.getpwnam(user).pw_uid}.slice", f"--uid={user}",
                          f"--gid={user}", *command])
        self.stage.units.append(unit)
        self._note(command, user, unit=unit)

    @staticmethod
    def user_manager(*arguments):
        """A command to alice's service manager."""
        run("setpriv", f"--reuid={ALICE}", f"--regid={ALICE}", "--clear-groups",
            "env", f"XDG_RUNTIME_DIR={RUNTIME}", "systemctl", "--user", *arguments)

    def user_service(self, command):
        """As a service of alice's own service manager."""
        name = f"sit-{self.name}.service"
        words = " ".join('"' + str(word).replace("\\", "\\\\").replace('"', '\\"')
                         .replace("\n", "\\n") + '"' for word in command)
        self.write(f"{RUNTIME}/systemd/user/{name}",
                   f"[Service]\nType=exec\nExecStart={words}\n", owner=ALICE, mode=0o644)
        self.user_manager("daemon-reload")
        self.user_manager("start", name)
        self._note(command, ALICE, unit=f"user@{ALICE_UID}.service", user_unit=name)

    def socket_unit(self, command, accept="no"):
        """A .socket unit, and what it starts."""
        name = f"sit-{self.name}"
        instance = "@" if accept == "yes" else ""
        units = pathlib.Path("/run/systemd/system")
        (units / f"{name}.socket").write_text(
            f"[Socket]\nListenStream=127.0.0.1:{self.port}\nAccept={accept}\n", encoding="ascii")
        (units / f"{name}{instance}.service").write_text(
            f"[Service]\nExecStart={' '.join(command)}\n"
            + ("StandardInput=socket\n" if instance else ""), encoding="ascii")
        run("systemctl", "daemon-reload")
        run("systemctl", "start", f"{name}.socket")
        self.stage.units += [f"{name}.socket", f"{name}.service"]
        self.facts = {"user": "root", "unit": f"{name}.socket"}

    def _note(self, command, user, **more):
        self.facts = {"user": str(user), "exe": os.path.realpath(str(command[0])), **more}

    def pid(self, unit=None):
        unit = unit or f"sit-{self.name}.service"
        return int(run("systemctl", "show", "--property=MainPID", "--value", unit).stdout)

    def wait_listening(self, protocol="tcp"):
        wait_until(lambda: self.port in listening(protocol), 20,
                   f"{self.name} listens on {protocol} {self.port}")
