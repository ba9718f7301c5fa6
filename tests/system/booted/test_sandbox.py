# SPDX-License-Identifier: MIT
"""Either process taken over: what a program can do in the unit's own sandbox.

The unit itself is started, with nothing changed but ExecStart=: a program tries from inside what an
intruder would, in overstayd's place confined as that confines itself. What sockets can be reached
is test_reach.py's. A probe that is let through where it must not be fails the test, and so
does one that the system refuses everywhere: each is tried outside of the sandbox too.
"""
import json
import pathlib

import pytest

from conftest import confined
from harness import run, wait_until

RESULTS = pathlib.Path("/srv/probe")
VICTIM = pathlib.Path("/srv/victim")

# Each: name -> a shell command that succeeds only where the deed is done. $VICTIM is a process of
# an ordinary user, `deed` is the argument of PROBE below.
PROBE = r"""#!/usr/bin/python3
import ctypes, json, os, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
victim = int(open("/srv/victim/pid").read())
results = {}

def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def attempt(name):
    def decorate(deed):
        try:
            deed()
            results[name] = "done"
        except OSError as error:
            results[name] = os.strerror(error.errno) if error.errno else str(error)
        return deed
    return decorate

def in_child(deed):
    # For deeds that change who or where one is: what follows must not be tried as that.
    child = os.fork()
    if child == 0:
        try:
            deed()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 255)
    error = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if error != 0:
        raise OSError(error, os.strerror(error))

def write(path):
    with open(path, "wb", buffering=0) as file:
        file.write(b"x")

def connect(path, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_UNIX, kind) as made:
        made.connect(path)

for path in ("/etc/probe", "/usr/probe", "/var/probe", "/var/lib/probe", "/var/tmp/probe",
             "/tmp/probe", "/run/probe", "/run/systemd/system/probe.service", "/root/probe",
             "/home/probe", "/dev/shm/probe", "/dev/probe", "/srv/victim/probe",
             "/proc/sys/kernel/core_pattern", "/sys/fs/cgroup/probe",
             "/proc/1/root/etc/probe", "/proc/1/root/run/systemd/system/probe.service",
             "/proc/1/root/tmp/probe", "/proc/1/root/var/tmp/probe",
             "/proc/1/root/srv/victim/probe", "/proc/1/mem", f"/proc/{victim}/mem",
             f"/proc/{victim}/oom_score_adj", "/proc/1/oom_score_adj"):
    attempt("write " + path.replace(str(victim), "VICTIM"))(lambda: write(path))

for prefix in ("", "/proc/1/root"):
    for path in ("/run/systemd/private", "/run/dbus/system_bus_socket",
                 "/run/systemd/io.system.ManagedOOM", "/run/systemd/io.systemd.ManagedOOM",
                 "/run/systemd/io.systemd.Credentials", "/run/systemd/io.systemd.Hostname",
                 "/run/udev/control", "/run/test-service.sock"):
        attempt(f"connect {prefix}{path}")(lambda: connect(prefix + path))

@attempt("notify systemd by a pair")
def _():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.connect("/proc/1/root/run/systemd/notify")

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
for name, pid in (("init", 1), ("victim", victim)):
    attempt(f"ptrace {name}")(lambda: call(libc.ptrace(PTRACE_SEIZE, pid, None, None)))
    class iovec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
    buffer = ctypes.create_string_buffer(8)
    # A mapping of the process that can be written: its stack, from /proc/PID/maps where that is
    # to be had, else any address: EFAULT would tell that the call itself was let through.
    def vm(function):
        local = iovec(ctypes.cast(buffer, ctypes.c_void_p), 8)
        remote = iovec(8, 8)
        result = function(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
        if result < 0 and ctypes.get_errno() == 14:
            return
        call(result)
    attempt(f"process_vm_writev {name}")(lambda: vm(libc.process_vm_writev))
    attempt(f"process_vm_readv {name}")(lambda: vm(libc.process_vm_readv))
    def steal():
        fd = call(libc.syscall(434, pid, 0))
        call(libc.syscall(438, fd, 0, 0))
    attempt(f"pidfd_getfd {name}")(steal)
    if pid != 1:
        attempt(f"kill {name}")(lambda: os.kill(pid, 0))

for name, family, kind in (("inet", socket.AF_INET, socket.SOCK_STREAM),
                           ("inet6", socket.AF_INET6, socket.SOCK_DGRAM),
                           ("packet", socket.AF_PACKET, socket.SOCK_RAW),
                           ("unix", socket.AF_UNIX, socket.SOCK_STREAM),
                           ("netlink", socket.AF_NETLINK, socket.SOCK_RAW)):
    attempt("socket " + name)(lambda: socket.socket(family, kind).close())

attempt("mount")(lambda: call(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)))
attempt("unshare user")(lambda: in_child(lambda: call(libc.unshare(0x10000000))))
attempt("unshare net")(lambda: in_child(lambda: call(libc.unshare(0x40000000))))
attempt("setuid root")(lambda: in_child(lambda: os.setresuid(0, 0, 0)))
attempt("setuid nobody")(lambda: in_child(lambda: os.setresuid(65534, 65534, 65534)))
attempt("mkdir in the host's /tmp")(lambda: os.mkdir("/proc/1/root/tmp/probe-dir"))
attempt("symlink in the host's /tmp")(lambda: os.symlink("x", "/proc/1/root/tmp/probe-link"))
attempt("unlink of another's file")(lambda: os.unlink("/proc/1/root/srv/victim/removable"))
attempt("chmod of another's file")(lambda: os.chmod("/proc/1/root/srv/victim/open", 0o4777))
attempt("append to a file open to all")(lambda: write("/proc/1/root/srv/victim/open"))
attempt("mmap exec of written memory")(lambda: __import__("mmap").mmap(-1, 4096, prot=7))
attempt("read /etc/shadow")(lambda: open("/etc/shadow", "rb").read(1))
attempt("read environ of init")(lambda: open("/proc/1/environ", "rb").read(1))
attempt("read fds of the victim")(lambda: os.readlink(f"/proc/{victim}/fd/0"))
attempt("write own state")(lambda: write("/var/lib/overstay/probe"))
attempt("write own runtime directory")(lambda: write("/run/overstay/probe"))
attempt("connect journal")(lambda: connect("/run/systemd/journal/socket", socket.SOCK_DGRAM))
attempt("connect lookup")(lambda: connect("/run/overstay/lookup.sock", socket.SOCK_SEQPACKET))
attempt("connect names")(lambda: connect("/run/overstay/names.sock", socket.SOCK_SEQPACKET))
attempt("connect userdb")(lambda: connect("/run/systemd/userdb/io.systemd.DynamicUser"))
attempt("connect rpcbind")(lambda: connect("/run/rpcbind.sock"))
attempt("read port range")(
    lambda: open("/proc/sys/net/ipv4/ip_local_port_range", "rb").read(1))
results["filters"] = next(line.split()[1] for line in open("/proc/self/status")
                          if line.startswith("Seccomp_filters:"))
print("PROBE " + json.dumps(results), flush=True)
"""

# Listens where rpcbind does, and answers nothing.
RPCBIND = """
import os, signal, socket
path = "/run/rpcbind.sock"
if os.path.exists(path):
    os.unlink(path)
held = socket.socket(socket.AF_UNIX)
held.bind(path)
os.chmod(path, 0o666)
held.listen()
signal.pause()
"""

# What is each process's own business. Everything else must be refused.
OF_OVERSTAYD = {
    "socket netlink", "write own state", "write own runtime directory",
    "connect journal", "connect lookup", "connect names", "read port range",
    # uid 0 reads what root owns, capability or not.
    "read /etc/shadow",
    # It is uid 0 already.
    "setuid root",
    # A /tmp of its own, gone with the service.
    "write /tmp/probe", "write /var/tmp/probe",
}
OF_LOOKUP = {
    # What its two capabilities give by their nature, see overstayd(8).
    "read /etc/shadow", "read environ of init", "read fds of the victim",
    "read port range",
}
OF_NAMES = {
    # The sockets of name services, and others that every user may connect to.
    "socket unix", "connect userdb", "connect /run/test-service.sock", "connect rpcbind",
    # A /tmp of its own, gone with the service; files are limited to no bytes at all.
    "write /tmp/probe", "write /var/tmp/probe",
}


@pytest.fixture(scope="module", name="outside", autouse=True)
def _outside():
    """A victim, a service with a socket of its own, and the probe run free of any sandbox."""
    VICTIM.mkdir(exist_ok=True)
    for name in ("open", "removable"):
        (VICTIM / name).write_text("here", encoding="ascii")
        (VICTIM / name).chmod(0o666)
    VICTIM.chmod(0o777)
    RESULTS.write_text(PROBE, encoding="utf-8")
    RESULTS.chmod(0o755)
    run("systemd-run", "--quiet", "--unit=victim", "--uid=nobody", "tail", "-f", "/dev/null",
        check=False)
    (VICTIM / "pid").write_text(wait_until(lambda: run(
        "systemctl", "show", "-P", "MainPID", "victim.service").stdout.strip()),
        encoding="ascii")
    pathlib.Path("/run/systemd/system/test-service.socket").write_text(
        "[Socket]\nListenStream=/run/test-service.sock\nSocketMode=0666\n", encoding="utf-8")
    pathlib.Path("/run/systemd/system/test-service.service").write_text(
        "[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    run("systemctl", "daemon-reload")
    run("systemctl", "stop", "rpcbind.socket", "rpcbind.service", check=False)
    run("systemctl", "start", "test-service.socket")
    run("systemd-run", "--quiet", "--unit=stand-in-rpcbind", "/usr/bin/python3", "-c", RPCBIND,
        check=False)
    wait_until(pathlib.Path("/run/rpcbind.sock").is_socket)
    yield
    for unit in ("victim.service", "test-service.socket", "stand-in-rpcbind.service"):
        run("systemctl", "stop", unit, check=False)


def probe(unit, drop_in, *before):
    """Starts the unit with the probe in place of its program; what could be done, and not."""
    drop_in(unit, f"""[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecStart=
ExecStart={' '.join([*before, str(RESULTS)])}
ExecReload=
""")
    done = run("systemctl", "start", unit, check=False)

    def said():
        run("journalctl", "--sync")
        text = run("journalctl", "-q", "--no-pager", "--all", "-o", "cat", "-u", unit).stdout
        return [line for line in text.splitlines() if line.startswith("PROBE ")]

    lines = wait_until(said, 20, f"the probe's answer, {done.stderr}")
    return json.loads(lines[-1][len("PROBE "):])


def allowed(results):
    return {name for name, result in results.items() if result == "done"}


def test_the_probe_itself_can_do_all_this_outside():
    """Else a probe that fails for another reason would prove nothing."""
    done = run(RESULTS)
    results = json.loads(done.stdout[len("PROBE "):])
    impossible_here = {
        # Of the container, not of a sandbox.
        "write /proc/sys/kernel/core_pattern", "write /sys/fs/cgroup/probe", "write /dev/probe",
        "connect /run/udev/control", "connect /proc/1/root/run/udev/control",
        # Made by the service's own directories only.
        "write own state", "write own runtime directory", "connect lookup", "connect names",
        # Nothing may be written at an address that is not mapped.
        "write /proc/1/mem", "write /proc/VICTIM/mem", "write /proc/VICTIM/oom_score_adj",
        "write /proc/1/oom_score_adj", "setuid root",
    }
    # What only an older or a newer systemd listens at. Every one has some of them.
    sockets = sorted(pathlib.Path("/run/systemd").glob("io.system*"))
    assert sockets
    absent = {"io.system.ManagedOOM", "io.systemd.ManagedOOM", "io.systemd.Credentials",
              "io.systemd.Hostname"} - {path.name for path in sockets}
    impossible_here |= {f"connect {prefix}/run/systemd/{name}" for name in absent
                        for prefix in ("", "/proc/1/root")}
    refused = {name: result for name, result in results.items()
               if result != "done" and name != "filters"}
    assert set(refused) <= impossible_here, refused
    for path in ("/etc/probe", "/usr/probe", "/var/probe"):
        pathlib.Path(path).unlink(missing_ok=True)
    run("sh", "-c", "rm -rf /tmp/probe* /var/tmp/probe /run/probe /root/probe /home/probe "
        "/dev/shm/probe /var/lib/probe /srv/victim/probe /run/systemd/system/probe.service")
    run("umount", "/mnt", check=False)
    for name in ("open", "removable"):
        (VICTIM / name).write_text("here", encoding="ascii")
        (VICTIM / name).chmod(0o666)


def test_overstayd_taken_over(drop_in, service):
    del service
    results = probe("overstayd.service", drop_in, confined())
    assert allowed(results) <= OF_OVERSTAYD, results
    # The sandbox must not keep it from its own work.
    for name in ("socket netlink", "write own state", "connect journal", "connect lookup",
                 "connect names", "read port range", "write own runtime directory"):
        assert results[name] == "done", (name, results[name])


def test_lookup_taken_over(drop_in, service):
    del service
    run("systemctl", "start", "overstay-lookup.socket")
    results = probe("overstay-lookup.service", drop_in)
    assert allowed(results) <= OF_LOOKUP, results
    for name in ("read environ of init", "read fds of the victim"):
        assert results[name] == "done", (name, results[name])
    # By way of /proc/1/root the unit alone lets an empty file be made, or a file be emptied, where
    # everybody may write; never with content. The program's own filter, which is not in force for
    # the probe, takes that too (tests/unit/test-lookup-syscalls.c).
    for path in (pathlib.Path("/tmp/probe"), pathlib.Path("/var/tmp/probe"), VICTIM / "probe"):
        assert not path.exists() or path.stat().st_size == 0
        path.unlink(missing_ok=True)


def test_names_taken_over(drop_in, service):
    del service
    run("systemctl", "start", "overstay-names.socket")
    results = probe("overstay-names.service", drop_in)
    assert allowed(results) <= OF_NAMES, results
    # The modules of the name services need these.
    for name in ("socket unix", "connect userdb", "connect rpcbind"):
        assert results[name] == "done", (name, results[name])


def status_of(unit):
    pid = run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_capabilities_of_the_running_processes(service):
    service()
    daemon = status_of("overstayd.service")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(daemon[name], 16) == 0, name
    assert daemon["Uid"].split() == ["0"] * 4
    # Before it is active its process is systemd's still, on the way to the program.
    wait_until(lambda: run("systemctl", "is-active", "overstay-lookup.service",
                           check=False).stdout.strip() == "active")
    lookup = status_of("overstay-lookup.service")
    two = 1 << 2 | 1 << 19
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert int(lookup[name], 16) == two, name
    user = run("id", "-u", "overstay").stdout.strip()
    assert lookup["Uid"].split() == [user] * 4 and user != "0"
    run("systemctl", "start", "overstay-names.service")
    names = status_of("overstay-names.service")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(names[name], 16) == 0, name
    user = run("id", "-u", "overstay-names").stdout.strip()
    assert names["Uid"].split() == [user] * 4 and user not in ("0", lookup["Uid"].split()[0])
    for status in (daemon, lookup, names):
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"


def test_the_programs_own_filter(drop_in, service):
    """The running lookup has one filter more than its unit gives (what it forbids: unit test)."""
    service()
    real = wait_until(lambda: settled("overstay-lookup.service"))
    run("systemctl", "stop", "overstayd.service", "overstay-lookup.socket",
        "overstay-lookup.service")
    run("systemctl", "start", "overstay-lookup.socket")
    of_the_unit = int(probe("overstay-lookup.service", drop_in)["filters"])
    assert real == of_the_unit + 1


def settled(unit):
    """How many filters the unit's process has; None before it waits in its loop."""
    pid = run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()
    try:
        number = pathlib.Path(f"/proc/{pid}/syscall").read_text(encoding="ascii").split()[0]
    except OSError:
        return None
    # poll(2) of x86-64, ppoll(2) of x86-64 and of the machines with generic numbers.
    return int(status_of(unit)["Seccomp_filters"]) if number in ("7", "271", "73") else None
