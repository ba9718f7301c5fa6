# SPDX-License-Identifier: MIT
"""--once: what it shows of real sockets, in which form, and when it says that something is unseen."""
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios

import pytest

import harness
from harness import LOOKUP, NAMES, OVERSTAYD, config_text, run

PORT = 50001
NOBODY = 65534

# Runs a program that gets no sock_diag: socket(AF_NETLINK, *, NETLINK_SOCK_DIAG) fails by a filter
# of seccomp(2), with EPROTONOSUPPORT. argv: the number of socket(2), then the program.
NO_SOCK_DIAG = """
import ctypes, os, struct, sys
def step(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
steps = [step(LOAD, 0, 0, 0), step(EQUAL, 0, 5, int(sys.argv[1])),
         step(LOAD, 0, 0, 16), step(EQUAL, 0, 3, 16), step(LOAD, 0, 0, 32), step(EQUAL, 0, 1, 4),
         step(RETURN, 0, 0, 0x00050000 | 93), step(RETURN, 0, 0, 0x7fff0000)]
bytes_ = ctypes.create_string_buffer(b"".join(steps))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(len(steps), ctypes.addressof(bytes_))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""
SOCKET_NUMBERS = {"x86_64": 41, "aarch64": 198}

UDP_PROGRAM = """
import socket, sys
made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
made.bind(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(name="config")
def _config(tmp_path):
    path = tmp_path / "overstay.yaml"
    path.write_text(config_text(), encoding="utf-8")
    return path


@pytest.fixture(name="public")
def _public():
    """A directory that everybody may enter, with the programs and a configuration."""
    directory = pathlib.Path(tempfile.mkdtemp(dir="/var/tmp", prefix="overstay-test-"))
    directory.chmod(0o755)
    for program in (OVERSTAYD, LOOKUP, NAMES):
        shutil.copy(program, directory)
    (directory / "overstay.yaml").write_text(config_text(), encoding="utf-8")
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(name="once")
def _once(namespace, config):
    """once(option, ...): a run in the namespace that has to succeed, and to see everything."""
    def run_once(*options, **more):
        more.setdefault("preexec_fn", namespace.enter)
        done = run(OVERSTAYD, "-c", config, "--once", *options, **more)
        assert done.stderr == ""
        return done.stdout

    return run_once


def as_nobody(namespace):
    def change():
        namespace.enter()
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    return change


def listeners(text):
    """What JSON says of each, by port."""
    return {row["port"]: row for row in json.loads(text)["listeners"]}


def on_terminal(width, *command, **options):
    """The lines a command prints on a terminal of this width."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=slave,
                          env=environment, **options) as process:
        os.close(slave)
        output = b""
        with contextlib.suppress(OSError):  # EIO: nobody has it open any more
            while chunk := os.read(master, 65536):
                output += chunk
        assert process.wait(timeout=60) == 0
    os.close(master)
    return output.decode("utf-8").replace("\r", "").splitlines()


def test_a_table_says_who_listens(listener_process, once):
    listener = listener_process(PORT)
    head, row = once().splitlines()
    assert head.split() == ["PROTOCOL", "ADDRESS", "PORT", "USER", "PID", "EXE", "CLASS",
                            "THRESHOLD"]
    fields = row.split()
    assert fields[:5] == ["tcp", "127.0.0.1", str(PORT), "root", str(listener.pid)]
    assert "/python3" in fields[5] and fields[7] == "1s"


def test_json_has_types_and_null(listener_process, listen, once):
    listener = listener_process(PORT)
    listen(PORT + 1, kind="udp")
    whole = json.loads(once("--json"))
    assert (whole["schema"], whole["complete"], whole["incomplete"]) == (1, True, [])
    assert [row["port"] for row in whole["listeners"]] == [PORT, PORT + 1]
    row, udp = whole["listeners"]
    expected = {"protocol": "tcp", "address": "127.0.0.1", "interface": None, "v6only": None,
                "exposure": "loopback", "choice": "asked", "reasons": [], "rule": None,
                "allowed": False, "threshold_usec": 1000000, "severity": "warning",
                "sockets": 1, "users": 1, "owner": "process", "owner_reason": None, "holders": 1,
                "pid": [listener.pid], "comm": "listener", "exe_deleted": False, "uid": 0,
                "user": "root", "container": None, "age_usec": None, "age_max_usec": None,
                "first_seen_usec": None, "range": "explicit"}
    assert {name: row[name] for name in expected} == expected
    assert row["inode"] > 0 and row["cookie"] > 0 and row["started_usec"] > 10 ** 15
    assert udp["protocol"] == "udp" and udp["pid"] == [os.getpid()]
    assert list(row) == list(udp)


def test_one_row_for_sockets_that_share_an_endpoint(listen, once):
    for _ in range(3):
        listen(PORT, reuse_port=True)
    assert listeners(once("--json"))[PORT]["sockets"] == 3
    head, row = once().splitlines()
    assert dict(zip(head.split(), row.split()))["SOCKETS"] == "3"


def test_several_users_are_said(namespace, once):
    with contextlib.ExitStack() as stack:
        for enter in (namespace.enter, as_nobody(namespace)):
            process = stack.enter_context(subprocess.Popen(
                ["/usr/bin/python3", "-c", UDP_PROGRAM, str(PORT)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, preexec_fn=enter))
            assert process.stdout.readline() == b"ready\n"
            stack.callback(process.stdin.close)
        assert listeners(once("--json"))[PORT]["users"] == 2
        assert " (+1) " in once().splitlines()[1]


def test_who_chose_the_port(namespace, listen, once):
    namespace.sysctl("net.ipv4.ip_local_port_range", "50100 50199")
    automatic = listen(0).getsockname()[1]
    listen(PORT)
    # A client's socket, which the daemon would not ask for so soon.
    udp = listen(0, kind="udp").getsockname()[1]
    rows = listeners(once("--json"))
    assert {port: row["choice"] for port, row in rows.items()} == \
        {automatic: "auto", PORT: "asked", udp: "auto"}
    assert rows[udp]["pid"] == [os.getpid()]


def test_a_rule_allows(listener_process, once, config):
    config.write_text(config_text(rules="""rules:
  - name: my own
    match: {comm: listener, user: root}
    action: allow
    note: ask me
"""), encoding="utf-8")
    listener_process(PORT)
    row = listeners(once("--json"))[PORT]
    assert (row["allowed"], row["rule"], row["note"], row["threshold_usec"]) == \
        (True, "my own", "ask me", None)
    head, line = once().splitlines()
    assert line[head.index("THRESHOLD"):].split() == ["allowed", "my", "own"]


def test_the_script_of_an_interpreter_stands_beside_it(namespace, once, tmp_path):
    script = tmp_path / "serve.py"
    script.write_text(harness.LISTENER_PROGRAM, encoding="ascii")
    with subprocess.Popen(["/usr/bin/python3", script, "serve", str(PORT)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, preexec_fn=namespace.enter) as process:
        assert process.stdout.readline() == b"ready\n"
        text, table = once("--json"), once()
        process.stdin.close()
    assert listeners(text)[PORT]["script"] == str(script)
    head, row = table.splitlines()
    assert head.split()[5:7] == ["EXE", "SCRIPT"]
    assert row.split()[6] == str(script)


def test_a_suspect_has_its_reasons_and_checksum(program_in_shm, once):
    program_in_shm(PORT)
    row = listeners(once("--json"))[PORT]
    assert (row["class"], row["reasons"], row["strength"]) == ("suspect", ["shm"], "strong")
    assert len(row["exe_sha256"]) == 64
    assert "REASONS" in once().splitlines()[0]


@pytest.fixture(name="once_more")
def _once_more(namespace, tmp_path):
    """once_more(port): the same command each time, below a shell of its own, in a directory that is
    deleted once it listens."""
    script = tmp_path / "serve.py"
    script.write_text("import os, socket, sys\n"
                      "made = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\n"
                      "print('ready', flush=True)\nsys.stdin.read()\n", encoding="utf-8")
    made = []

    def start(port):
        directory = tmp_path / str(port)
        directory.mkdir()
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"{sys.executable} {script}; exit"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, cwd=directory, env={**os.environ, "PORT": str(port)},
            preexec_fn=namespace.enter)
        made.append(process)
        assert process.stdout.readline() == b"ready\n"
        directory.rmdir()

    yield start
    for process in made:
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=20)


def test_hints_are_shown_and_count_for_nothing(once_more, once):
    once_more(PORT)
    # Starts are known to a tick of 10 ms: another process in between takes longer than that.
    run(sys.executable, "-c", "import json")
    once_more(PORT + 1)
    rows = listeners(once("--json"))
    assert rows[PORT]["hints"] == ["directory-deleted", "newer-process"]
    assert rows[PORT + 1]["hints"] == ["directory-deleted"]
    for row in rows.values():
        assert (row["class"], row["reasons"], row["last_used_usec"]) == ("unknown", ["temporary"], None)
    assert "HINTS" in once().splitlines()[0]


@pytest.fixture(name="program_in_shm")
def _program_in_shm(namespace):
    path = f"/dev/shm/overstay-test-{os.getpid()}"
    shutil.copy("/usr/bin/python3", path)
    made = []

    def start(port):
        made.append(subprocess.Popen([path, "-c", harness.LISTENER_PROGRAM, "shm", str(port)],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     preexec_fn=namespace.enter))
        assert made[-1].stdout.readline() == b"ready\n"

    yield start
    for process in made:
        process.stdin.close()
        process.wait(timeout=15)
        process.stdout.close()
    os.unlink(path)


def test_hostile_names_leave_json_valid(listener_process, once):
    listener_process(PORT, comm="\udcff\"\x1b[2J\n\u202e", arguments=("\udcff\x07\\", 'a "b"', ""))
    # Encoding it again is strict: what is no UTF-8 fails here.
    row = listeners(once("--json").encode("utf-8"))[PORT]
    assert row["comm"] == "\\xff\"\\x1b[2J\\n\\xe2\\x80\\xae"
    assert "\\xff\\x07\\\\ a \"b\"" in row["cmdline"]


def test_hostile_names_leave_a_table_a_table(listener_process, once):
    listener_process(PORT, comm="\udcff\x1b[2J\n\u202e\t", arguments=("a\nb",))
    lines = once("--output", "PORT,COMM,CMDLINE").splitlines()
    assert len(lines) == 2
    assert lines[1].split()[:2] == [str(PORT), "\\xff\\x1b[2J\\n\\xe2\\x80\\xae\\t"]
    assert lines[1].endswith("a\\nb")


@pytest.mark.parametrize("locale, comm", [("C", "n\\xc3\\xaf"), ("C.UTF-8", "n\u00ef")])
def test_letters_are_shown_if_the_locale_has_them(listener_process, once, locale, comm):
    listener_process(PORT, comm="n\u00ef")
    environment = {**os.environ, "LC_ALL": locale}
    assert once("--output=comm", env=environment).splitlines()[1] == comm
    assert listeners(once("--json", env=environment))[PORT]["comm"] == "n\u00ef"


@pytest.mark.parametrize("mode, shown", [("off", None), ("full", "password=abc"),
                                         ("masked", "password=***")])
def test_the_command_line_is_as_the_configuration_says(listener_process, once, config, mode, shown):
    config.write_text(config_text(cmdline=mode), encoding="utf-8")
    listener_process(PORT, arguments=("password=abc",))
    command = listeners(once("--json"))[PORT]["cmdline"]
    assert command is None if shown is None else command.endswith(" " + shown)


def test_columns_are_chosen(listener_process, once):
    listener = listener_process(PORT)
    assert [line.split() for line in once("--output", "pid,Port,threshold").splitlines()] == \
        [["PID", "PORT", "THRESHOLD"], [str(listener.pid), str(PORT), "1s"]]
    head = once("--output=+EXPOSURE,UID").splitlines()[0].split()
    assert head[:3] == ["PROTOCOL", "ADDRESS", "PORT"] and head[-2:] == ["EXPOSURE", "UID"]
    assert json.loads(once("--json", "--output=PORT,UNIT"))["listeners"] == \
        [{"port": PORT, "unit": None}]


def test_an_unknown_column_is_a_usage_error():
    done = run(OVERSTAYD, "--once", "--output", "PORT,CLAS", check=False)
    assert done.returncode == 2 and done.stdout == ""
    first, second = done.stderr.splitlines()
    assert '"CLAS"' in first and '"CLASS"' in first
    for name in ("PROTOCOL", "PORT", "OWNER_REASON", "FORWARDS_TO"):
        assert name in second


def test_raw_lines_are_for_scripts(listener_process, listen, once):
    listener_process(PORT, comm="a b\\c")
    listen(PORT + 1, kind="udp")
    default = once("--raw").splitlines()
    assert len({len(line.split(" ")) for line in default}) == 1
    head = default[0].split(" ")
    assert "REASONS" in head and "THRESHOLD_USEC" in head
    assert default[1].split(" ")[head.index("THRESHOLD_USEC")] == "1000000"
    assert default[1].split(" ")[head.index("REASONS")] == "-"
    assert once("--raw", "--noheadings", "--output=PORT,COMM").splitlines()[0] == \
        f"{PORT} a\\x20b\\x5c\\x5cc"


def test_noheadings(listen, once):
    listen(PORT)
    assert once("--noheadings", "--output=PORT,PROTOCOL").split() == [str(PORT), "tcp"]


def test_a_pipe_gets_everything(listener_process, once):
    listener_process(PORT, arguments=("x" * 500,))
    head, row = once("--output=+CMDLINE").splitlines()
    assert row.endswith("x" * 500) and head.split()[-1] == "CMDLINE"


@pytest.mark.parametrize("width", [80, 100])
def test_a_table_fits_the_terminal(namespace, listener_process, listen, config, width, tmp_path):
    script = tmp_path / ("long-name-" * 10 + ".py")
    script.write_text(harness.LISTENER_PROGRAM, encoding="ascii")
    listener_process(PORT)
    listen(PORT + 1, address="::1", kind="udp")
    for _ in range(2):
        listen(PORT + 2, reuse_port=True)
    with subprocess.Popen(["/usr/bin/python3", script, "serve", str(PORT + 3)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          preexec_fn=namespace.enter) as process:
        assert process.stdout.readline() == b"ready\n"
        lines = on_terminal(width, OVERSTAYD, "-c", config, "--once",
                            preexec_fn=namespace.enter)
        process.stdin.close()
    assert max(len(line) for line in lines) <= width
    head = lines[0].split()
    for name in ("PROTOCOL", "ADDRESS", "PORT", "USER", "PID", "EXE", "SCRIPT", "CLASS",
                 "THRESHOLD"):
        assert name in head
    # Wrapped and not cut: the column holds the whole path, from top to bottom.
    start = lines[0].index("SCRIPT")
    end = lines[0].index("CLASS")
    assert str(script) in "".join(line[start:end].strip() for line in lines)


def test_nothing_there(namespace, config):
    done = run(OVERSTAYD, "-c", config, "--once", preexec_fn=namespace.enter)
    assert done.stdout == ""
    assert done.stderr == "overstayd: no listener on ports 50000-50999\n"
    done = run(OVERSTAYD, "-c", config, "--once", "--json", preexec_fn=namespace.enter)
    assert json.loads(done.stdout)["listeners"] == [] and done.stderr == ""


@pytest.mark.parametrize("options", [[], ["--json"], ["--raw"]])
def test_a_full_disk_fails(namespace, config, listen, options):
    listen(PORT)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([OVERSTAYD, "-c", config, "--once", *options], stdout=full,
                              stderr=subprocess.PIPE, timeout=60, check=False,
                              preexec_fn=namespace.enter)
    assert done.returncode == 1
    assert done.stderr.endswith(b"cannot write: No space left on device\n")


AS_ROOT = "overstayd: run it as root to see all owners"


def unseen(*command, advice=None, **options):
    """Runs a command that cannot see everything. Returns its reasons, which stderr has, too, and
    behind them what to do."""
    done = run(*command, "--once", "--json", check=False, **options)
    assert done.returncode == 1, done.stderr
    whole = json.loads(done.stdout)
    assert whole["complete"] is False
    assert done.stderr.splitlines() == [f"overstayd: {text}" for text in whole["incomplete"]] + \
        ([advice] if advice else [])
    return whole["incomplete"], {row["port"]: row for row in whole["listeners"]}


def test_an_ordinary_user_does_not_see_all_owners(namespace, listener_process, public):
    listener_process(PORT)
    listener_process(PORT + 1)
    reasons, rows = unseen(public / "overstayd", "-c", public / "overstay.yaml", advice=AS_ROOT,
                           preexec_fn=as_nobody(namespace))
    assert reasons == ["owners of 2 of 2 listeners are unknown: no permission to inspect every process"]
    assert rows[PORT]["owner_reason"] == "no-permission" and rows[PORT]["pid"] is None


def test_root_in_a_sandbox_does_not_see_all_owners(namespace, public):
    """As a service with CapabilityBoundingSet= is: the helpers run, and see no more than anybody."""
    with subprocess.Popen(["/usr/bin/python3", "-c", harness.LISTENER_PROGRAM, "nobody's", str(PORT)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          preexec_fn=as_nobody(namespace)) as process:
        assert process.stdout.readline() == b"ready\n"
        reasons, rows = unseen(
            "setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
            public / "overstayd", "-c", public / "overstay.yaml", preexec_fn=namespace.enter,
            advice="overstayd: root lacks permissions here, as in a container or a sandbox: "
                   "run it outside to see all owners")
        process.stdin.close()
    assert reasons == ["owners of 1 of 1 listeners are unknown: no permission to inspect every process"]
    assert rows[PORT]["owner_reason"] == "no-permission" and rows[PORT]["pid"] is None


def test_an_ordinary_user_may_not_know_all_holders(namespace, public):
    with subprocess.Popen(["/usr/bin/python3", "-c", UDP_PROGRAM, str(PORT)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          preexec_fn=as_nobody(namespace)) as process:
        assert process.stdout.readline() == b"ready\n"
        reasons, rows = unseen(public / "overstayd", "-c", public / "overstay.yaml", advice=AS_ROOT,
                               preexec_fn=as_nobody(namespace))
        process.stdin.close()
    assert reasons == ["1 of 1 listeners may have further holders: no permission to inspect every "
                       "process"]
    assert rows[PORT]["pid"] == [process.pid] and rows[PORT]["holders"] is None


# More descriptors of one user than are searched, and a listener of his.
CROWD_PROGRAM = """
import os, resource, socket, sys
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
each = min(most, 20000) - 100
held = [os.dup(0) for _ in range(each)]
for _ in range(400000 // each):
    if os.fork() == 0:
        listener.close()
        sys.stdin.readline()
        os._exit(0)
print("ready", flush=True)
sys.stdin.readline()
"""


def test_a_search_that_ends_early_lacks_no_permission(namespace, config):
    with subprocess.Popen(["/usr/bin/python3", "-c", CROWD_PROGRAM, str(PORT)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          preexec_fn=as_nobody(namespace)) as process:
        assert process.stdout.readline() == b"ready\n"
        reasons, rows = unseen(OVERSTAYD, "-c", config, preexec_fn=namespace.enter)
        process.stdin.close()
    assert reasons == ["1 of 1 listeners may have further holders: not every process could be "
                       "searched"]
    assert rows[PORT]["pid"] == [process.pid]


def test_without_sock_diag_choices_are_unknown(namespace, listen, config):
    number = SOCKET_NUMBERS.get(os.uname().machine)
    if number is None:
        pytest.skip("the number of socket(2) is not known here")
    listen(PORT)
    reasons, rows = unseen(sys.executable, "-c", NO_SOCK_DIAG, number, OVERSTAYD, "-c", config,
                           preexec_fn=namespace.enter)
    assert len(reasons) == 1 and "/proc/net" in reasons[0]
    assert rows[PORT]["choice"] is None and rows[PORT]["pid"] == [os.getpid()]


def test_an_unreadable_kernel_range(namespace, listen, config):
    def hidden(text):
        config.write_text(config_text(ranges=text), encoding="utf-8")
        return ["unshare", "--mount", "--propagation=private", "sh", "-c",
                'mount -t tmpfs tmpfs /proc/sys && exec "$@"', "sh", OVERSTAYD, "-c", config]

    listen(PORT)
    reasons, rows = unseen(*hidden("[iana, kernel]"), preexec_fn=namespace.enter)
    assert len(reasons) == 1 and "ip_local_port_range" in reasons[0]
    assert set(rows) == {PORT}
    # Nobody asked for it.
    assert run(*hidden("[iana]"), "--once", preexec_fn=namespace.enter).stderr == ""


def test_a_lookup_that_fails(namespace, listen, public):
    listen(PORT)
    (public / "overstay-lookup").unlink()
    (public / "overstay-lookup").write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    (public / "overstay-lookup").chmod(0o755)
    reasons, rows = unseen(public / "overstayd", "-c", public / "overstay.yaml",
                           preexec_fn=namespace.enter)
    assert reasons == ["owners of 1 of 1 listeners are unknown: overstay-lookup is not running"]
    assert rows[PORT]["owner_reason"] == "no-lookup"

