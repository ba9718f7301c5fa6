# SPDX-License-Identifier: MIT
"""What the system tests share: facts that are waited for, namespaces, listeners, the daemon."""
import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import threading
import time

SOURCE = pathlib.Path(os.environ["OVERSTAY_SOURCE"])
BUILD = pathlib.Path(os.environ["OVERSTAY_BUILD"])
OVERSTAYD = BUILD / "overstayd"
LOOKUP = BUILD / "overstay-lookup"
NAMES = BUILD / "overstay-names"
# Then memory has red zones around it, and what was freed is kept for a while.
SANITIZED = b"__asan_init" in OVERSTAYD.read_bytes()
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def end(processes):
    """Ends those that were started with pipes to their standard input and output."""
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@contextlib.contextmanager
def started_as(namespace=None):
    """start(user, code, ...): Python code as that user, in the namespace; it says "ready" when it
    has begun. In the end it is gone, with all that it started."""
    made = []

    def start(user, code, *arguments, home="/"):
        made.append(subprocess.Popen(
            ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=KILL",
             "/usr/bin/python3", "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, cwd="/",
            env={"HOME": str(home)}, preexec_fn=namespace.enter if namespace else None))
        assert made[-1].stdout.readline() == b"ready\n"
        return made[-1]

    try:
        yield start
    finally:
        for process in made:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        end(made)


def wait_until(fact, seconds=15, what=None):
    """Waits until fact() is true and returns what it returned; fails after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what or fact}")
        time.sleep(0.02)  # poll


def _check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def memory_kib(pid, field="VmHWM"):
    """What is resident, by a field of proc_pid_status(5); by default the most that was, in KiB."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)[1])


def memory_bound_kib(mib):
    """So many MiB, in KiB: of a build with sanitizers, three times as many."""
    return mib * 1024 * (3 if SANITIZED else 1)


def run(*command, check=True, seconds=60, **options):
    """Runs a command to its end, with its output as text."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="surrogateescape", timeout=seconds, check=False, **options)
    assert not check or done.returncode == 0, f"{command}: {done.returncode}: {done.stderr}"
    return done


class Namespace:
    """A network namespace of the test's own, its loopback up. It is gone with its descriptor."""

    def __init__(self):
        def make():
            _check(_libc.unshare(CLONE_NEWNET))
            with socket.socket() as probe:
                request = struct.pack("16sh14x", b"lo", 0)
                flags, = struct.unpack_from("16xh", fcntl.ioctl(probe, SIOCGIFFLAGS, request))
                fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
            self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

        # Only the thread that asks for it moves; the test itself stays where it is.
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()

    def enter(self):
        """Moves the calling thread (or a child before its exec) into the namespace."""
        _check(_libc.setns(self.fd, CLONE_NEWNET))

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is in the namespace meanwhile."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.enter()
            yield
        finally:
            _check(_libc.setns(home, CLONE_NEWNET))
            os.close(home)

    def listen(self, port, address="127.0.0.1", kind="tcp", reuse_port=False):
        """A listener held by the test's own process."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.inside():
            made = socket.socket(family, socket.SOCK_STREAM if kind == "tcp"
                                 else socket.SOCK_DGRAM)
        if kind == "tcp":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((address, port))
        if kind == "tcp":
            made.listen(8)
        return made

    def sysctl(self, name, value):
        # By a /proc of its own: the host's /proc/sys may be read-only, a container's is.
        run("unshare", "--mount", "--propagation=private", "sh", "-c",
            'mount -t proc proc /proc && printf %s "$1" >"/proc/sys/$0"', name.replace(".", "/"),
            value, preexec_fn=self.enter)

    def close(self):
        os.close(self.fd)


LISTENER_PROGRAM = """
import ctypes, os, socket, sys
name, port = sys.argv[1].encode("utf-8", "surrogateescape"), int(sys.argv[2])
made = socket.socket()
made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
made.bind(("127.0.0.1", port))
made.listen(8)
ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
print("ready", flush=True)
sys.stdin.read()
"""


class ListenerProcess:
    """A listener of a process of its own, with a comm and more arguments of the test's choice."""

    def __init__(self, namespace, port, comm="listener", arguments=()):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", LISTENER_PROGRAM, comm, str(port), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=namespace.enter)
        assert self.process.stdout.readline() == b"ready\n"
        self.pid = self.process.pid

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=15)
        self.process.stdout.close()


# Seconds where a host has minutes; one port range, so that nothing else is in the picture.
QUICK = {
    "interval": "100ms", "survey": "1s", "ranges": '["50000-50999"]', "threshold": "1s",
    "udp": "{threshold: 1s, auto: never}", "loopback": "{severity: warning}", "grace": "300ms",
    "log": "{appeared: info, vanished: info, after: 200ms}",
}


def config_text(rules="", **keys):
    """QUICK with other values (None leaves a key out) and rules as YAML text. Who runs the tests is
    a person here and root there: class user has the threshold of all others."""
    values = {**QUICK, **keys}
    values.setdefault("user", f"{{threshold: {values['threshold'] or '10min'}}}")
    lines = [f"{key}: {value}" for key, value in values.items() if value is not None]
    return "\n".join(lines) + "\n" + rules


class Daemon:
    """overstayd by hand; its lines are read by a thread, so that it never blocks on us."""

    def __init__(self, directory, config=None, namespace=None, arguments=(), state=None,
                 target="stderr", environment=None, user=None, program=OVERSTAYD):
        self.config = directory / "overstay.yaml"
        self.state = state or directory / "state"
        self.state.mkdir(exist_ok=True)
        if config is not None:
            self.config.write_text(config, encoding="utf-8")
        # times: when each line arrived, CLOCK_BOOTTIME in nanoseconds.
        self.lines, self.times, self._arrived = [], [], threading.Condition()
        command = [str(program), "-c", str(self.config), f"--log-target={target}", *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, preexec_fn=namespace.enter if namespace else None,
            cwd="/", start_new_session=True, user=user, group=user, extra_groups=[] if user else None,
            env={**os.environ, "STATE_DIRECTORY": str(self.state), **(environment or {})})
        self.pid = self.process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._arrived:
                self.times.append(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
                self.lines.append(line.decode("utf-8", "surrogateescape").rstrip("\n"))
                self._arrived.notify_all()

    def count(self, pattern):
        with self._arrived:
            return sum(1 for line in self.lines if re.search(pattern, line))

    def wait_line(self, pattern, seconds=15, count=1):
        """Waits for the count-th line that matches, and returns it."""
        def found():
            matching = [line for line in self.lines if re.search(pattern, line)]
            return matching[count - 1] if len(matching) >= count else None

        with self._arrived:
            line = self._arrived.wait_for(found, timeout=seconds)
            assert line, f"no line {pattern!r} in {seconds} s, but:\n" + "\n".join(self.lines)
            return line

    def lookup_pid(self):
        """The overstay-lookup that it started, None where there is none."""
        return next(iter(self.children("overstay-lookup")), None)

    def children(self, program):
        """The processes of that name that it started."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")"):]
            if name.startswith(program[:15]) and int(rest.split()[2]) == self.pid:
                found.append(int(path.parent.name))
        return found

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=15):
        """Ends it and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self._reader.join(timeout=seconds)
        self.process.stdout.close()
        return status


def journal(*matches, cursor=None):
    """Entries of the journal as dictionaries, oldest first."""
    run("journalctl", "--sync")
    command = ["journalctl", "-o", "json", "--all", "--no-pager", "--quiet", *matches]
    if cursor:
        command.append(f"--after-cursor={cursor}")
    return [json.loads(line) for line in run(*command, check=False).stdout.splitlines()]


def ended(process, seconds):
    """Whether a process ends within some time."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


@contextlib.contextmanager
def slowed(pid):
    """A process that runs for a twentieth of the time: as on a host with many more processes."""
    over = threading.Event()

    def slow():
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            over.wait(1.9)
            os.kill(pid, signal.SIGCONT)
            over.wait(0.1)

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
