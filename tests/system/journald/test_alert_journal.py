# SPDX-License-Identifier: MIT
"""The sender beside a real journald: what it sends is read back by journalctl as it was meant."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

SOURCE = pathlib.Path(os.environ.get("OVERSTAY_SOURCE", ""))
BUILD = pathlib.Path(os.environ.get("OVERSTAY_BUILD", ""))
SEND = BUILD / "tests/system/send-reports"
JOURNALD_PID = pathlib.Path("/run/journald.pid")
OVERSTAY_ID = "8f5e14af3d2148a293da9dcc5f2ddc7c"
SUSPECT_ID = "e837af87fef14ddaad796c3a84c79c41"
SUPPRESSED_ID = "0928d951cb23478d970724caa4cbbd3c"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(autouse=True, name="private")
def _private():
    """Never beside the host's own journal; and whatever a test did to journald is undone."""
    assert JOURNALD_PID.exists(), "not under run-with-journald"
    yield
    try:
        os.kill(journald(), signal.SIGCONT)
        alive = pathlib.Path("/run/systemd/journal/socket").exists()
    except ProcessLookupError:
        alive = False
    if not alive:
        subprocess.run(["/run/start-journald"], check=True, timeout=60)


def journald():
    return int(JOURNALD_PID.read_text(encoding="ascii"))


def kill_journald():
    """Returns once it is dead: what a dying journald still takes into its socket is lost unseen."""
    pid = journald()
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 30
    while True:
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):
            return
        # A zombie has closed its sockets.
        if state.rpartition(")")[2].split()[0] in "ZX":
            return
        assert time.monotonic() < until
        time.sleep(0.01)  # poll


def quote(value):
    """As send-reports reads it: bytes or text to %XX, but for what is plain."""
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    return "".join(chr(b) if chr(b).isascii() and (chr(b).isalnum() or chr(b) in "/|.:-_=@")
                   else f"%{b:02x}" for b in raw)


def line(event="overstay", **words):
    return " ".join([f"event={event}", *(f"{k}={quote(v)}" for k, v in words.items())]) + "\n"


def start(*options):
    return subprocess.Popen([SEND, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def finish(process, lines=None, seconds=120):
    out, err = process.communicate(lines, timeout=seconds)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def send(lines, *options):
    return finish(start(*options), lines)


def sync():
    subprocess.run(["journalctl", "--sync"], check=True, timeout=60)


def journalctl(*arguments):
    sync()
    return subprocess.run(["journalctl", "--no-pager", *arguments], check=True, timeout=120,
                          stdout=subprocess.PIPE, env={**os.environ, "LANG": "C.UTF-8"}).stdout


def entries(*matches):
    # Without --all: what needs it would be null to an ordinary reader.
    return [json.loads(entry) for entry in journalctl("-o", "json", *matches).splitlines()]


def stay_of(name):
    return f"OVERSTAY_STAY={name.encode().hex():0<32}"


def test_read_back_by_id_and_field():
    result = send(line(stay="readback", port=60855, pid=4242, uid=0, comm="python3.11",
                       exe="/usr/bin/python3.11", cmdline="python3|/home/alice/srv.py|--key|x|",
                       unit="offender.service"))
    assert result["left"] == 0
    for matches in ([f"MESSAGE_ID={OVERSTAY_ID}", stay_of("readback")],
                    ["OVERSTAY_PORT=60855", "OVERSTAY_EVENT=overstay", stay_of("readback")],
                    ["-t", "overstayd", "-p", "4..4", stay_of("readback")],
                    ["OVERSTAY_EXE=/usr/bin/python3.11", stay_of("readback")],
                    ["-u", "offender.service", stay_of("readback")]):
        found = entries(*matches)
        assert len(found) == 1, matches
    entry = found[0]
    assert entry["MESSAGE"].startswith("OVERSTAY tcp 0.0.0.0:60855 ")
    assert entry["MESSAGE"].endswith("journalctl " + stay_of("readback"))
    assert entry["OVERSTAY_AGE_USEC"] == "604000000"
    assert entry["OVERSTAY_THRESHOLD_USEC"] == "600000000"
    assert entry["OVERSTAY_PID"] == "4242"
    assert entry["OVERSTAY_PIDS"] == "4242"
    assert entry["OVERSTAY_SCHEMA"] == "1"
    assert entry["PRIORITY"] == "4"
    assert entry["SYSLOG_IDENTIFIER"] == "overstayd"
    assert entry["SYSLOG_FACILITY"] == "3"
    assert len(entries("--facility=daemon", stay_of("readback"))) == 1
    assert entry["OVERSTAY_CMDLINE"] == "python3 /home/alice/srv.py --key ***"
    assert entry["OVERSTAY_CONFIG"] == "0123abcd"
    assert entry["OVERSTAY_USER"] == "root"
    assert entry["OBJECT_SYSTEMD_UNIT"] == "offender.service"
    assert "OBJECT_PID" not in entry
    assert not [name for name, value in entry.items() if value in ("", None)]
    assert not [name for name in entry if name.startswith("CODE_")]
    # The hint at the end of the line is a command that works.
    command = entry["MESSAGE"][entry["MESSAGE"].rindex("journalctl "):].split()
    assert entry["MESSAGE"] in journalctl(*command[1:], "-o", "cat").decode()


def test_object_pid_only_where_it_is_wanted():
    sleeper = subprocess.Popen(["sleep", "1000"])
    try:
        secret = line(stay="object", pid=sleeper.pid, unit="object.service",
                      cmdline="x|--token|geheim|")
        send(secret, "--cmdline=masked")
        send(secret, "--cmdline=off")
        assert b"geheim" not in journalctl("-o", "export", stay_of("object"))
        assert not [e for e in entries(stay_of("object")) if "OBJECT_PID" in e]
        assert [("OVERSTAY_CMDLINE" in e) for e in entries(stay_of("object"))] == [True, False]
        # Its start time is not the one that was observed: another process has the pid by now.
        send(line(stay="reused", pid=sleeper.pid, unit="object.service"), "--cmdline=full")
        reused, = entries(stay_of("reused"))
        assert "OBJECT_PID" not in reused
        assert reused["OBJECT_SYSTEMD_UNIT"] == "object.service"
        assert len(entries("-u", "object.service")) >= 3
    finally:
        sleeper.kill()
        sleeper.wait()


HOSTILE = {
    "newline": b"a\nOVERSTAY_EVENT=ended\nMESSAGE=forged",
    "escape": b"\x1b]0;owned\x07\x1b[31mred\x1b[2J",
    "invalid": b"\xff\xfe\xc0\xaf\xed\xa0\x80",
    "bidi": "\u202etxt.exe\u2066".encode(),
    "c1": b"\xc2\x9b31m\x85\x9b",
    "separators": "a\u2028<0>OVERSTAY b\u2029c".encode(),
    "long": b"\x1b[31m" * 26000,
    "format": b"%s%n%x @OVERSTAY_PORT@",
}


# With a field for each entry of a list.
REPEATED = ("OVERSTAY_PEER", "OVERSTAY_PID", "OVERSTAY_REASON")


def check_text_only(entry):
    for name, value in entry.items():
        # Neither a list of bytes (no UTF-8), nor null (too long).
        for one in value if name in REPEATED else [value]:
            assert isinstance(one, str), (name, value)
            assert not re.search("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", one), name


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_names_are_text(kind):
    evil = HOSTILE[kind]
    send(line(stay=kind, pid=4242, comm=evil[:64], exe=b"/tmp/" + evil,
              cmdline=b"x|" + evil.replace(b"|", b"/") + b"|", unit=evil))
    entry, = entries(stay_of(kind))
    check_text_only(entry)
    assert len(entry["MESSAGE"].encode()) < 2048
    assert entry["OVERSTAY_EVENT"] == "overstay"
    assert "OBJECT_SYSTEMD_UNIT" not in entry or kind == "format"
    for output in ("short", "verbose", "cat"):
        shown = journalctl("-o", output, stay_of(kind))
        assert b"blob data" not in shown
        assert b"\x1b" not in shown and b"\x07" not in shown
    lines = journalctl("-o", "cat", stay_of(kind)).decode().splitlines()
    assert lines == [entry["MESSAGE"]]
    assert lines[0].endswith("journalctl " + stay_of(kind))


def test_suspect_is_read_back():
    send(line("suspect", stay="suspect", pid=4242, uid=0, comm="ncat", exe="/usr/bin/ncat",
              cmdline="ncat|-l|60855|", unit="apache2.service", parent="apache2", cwd="/var/www",
              reasons="deleted,stranger", peers=20, sha256="a5", would_allow="the web"))
    found = entries(f"MESSAGE_ID={SUSPECT_ID}", "OVERSTAY_EVENT=suspect", stay_of("suspect"))
    assert len(found) == 1
    entry = found[0]
    assert entry["MESSAGE"].startswith("SUSPECT tcp 0.0.0.0:60855 ")
    assert entry["MESSAGE"].endswith("journalctl " + stay_of("suspect"))
    assert entry["OVERSTAY_PARENT"] == "801"
    assert entry["OVERSTAY_CLASS"] == "suspect"
    assert entry["OVERSTAY_REASONS"] == "stranger deleted"
    assert entry["OVERSTAY_STRENGTH"] == "strong"
    assert entry["OVERSTAY_EXE_SHA256"] == "a5" * 32
    assert entry["OVERSTAY_PARENT_COMM"] == "apache2"
    assert entry["OVERSTAY_CWD"] == "/var/www"
    assert entry["OVERSTAY_WOULD_ALLOW"] == "the web"
    peers = [f"192.0.2.{i}:4444" for i in range(1, 17)]
    assert entry["OVERSTAY_PEERS"] == " ".join(peers)
    assert entry["OVERSTAY_PEER"] == peers
    assert entry["OVERSTAY_PEER_COUNT"] == "20"
    assert entry["OVERSTAY_REASON"] == ["stranger", "deleted"]
    # Each peer can be searched for; the unit shows the suspect among its own lines.
    assert len(entries("OVERSTAY_PEER=192.0.2.16:4444", stay_of("suspect"))) == 1
    assert len(entries("-u", "apache2.service", stay_of("suspect"))) == 1


def test_unit_of_a_socket_without_process():
    send(line("suspect", stay="nobody", made_in="orphan.service", reasons="no-owner"))
    entry, = entries("-u", "orphan.service", stay_of("nobody"))
    assert entry["OVERSTAY_UNIT"] == "orphan.service"
    assert entry["OVERSTAY_OWNER"] == "unknown"
    assert entry["OVERSTAY_OWNER_REASON"] == "no-process"
    assert entry["OVERSTAY_REASONS"] == "no-owner"
    assert entry["OVERSTAY_USER"] == "root"


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_suspects_are_text(kind):
    evil = HOSTILE[kind]
    send(line("suspect", stay="S" + kind, pid=4242, comm=evil[:64], exe=b"/tmp/" + evil,
              cmdline=b"x|" + evil.replace(b"|", b"/") + b"|", unit=evil, script=b"/" + evil,
              cwd=b"/" + evil, parent=evil[:64], container=evil, rule=evil, note=evil,
              would_allow=evil, reasons="memory,disguise,deleted", peers=3, sha256="ff"))
    entry, = entries(stay_of("S" + kind))
    check_text_only(entry)
    for name in ("SCRIPT", "CWD", "PARENT_COMM", "CONTAINER", "NOTE", "WOULD_ALLOW"):
        assert entry["OVERSTAY_" + name], name
    assert len(entry["MESSAGE"].encode()) < 2048
    assert ": 192.0.2.1:4444, 192.0.2.2:4444, 192.0.2.3:4444; " in entry["MESSAGE"]
    assert entry["OVERSTAY_EVENT"] == "suspect"
    for output in ("short", "verbose", "cat"):
        shown = journalctl("-o", output, stay_of("S" + kind))
        assert b"blob data" not in shown
        assert b"\x1b" not in shown and b"\x07" not in shown
    assert journalctl("-o", "cat", stay_of("S" + kind)).decode().splitlines() == [
        entry["MESSAGE"]]


@pytest.fixture(name="catalogue", scope="module")
def _catalogue():
    """The catalogue installed, in this mount namespace alone."""
    directory = pathlib.Path("/run/overstay-catalogue")
    for name in ("usr", "var"):
        (directory / name).mkdir(parents=True)
    shutil.copy(SOURCE / "systemd/overstay.catalog", directory / "usr")
    subprocess.run(["mount", "--bind", directory / "usr", "/usr/lib/systemd/catalog"], check=True)
    subprocess.run(["mount", "--bind", directory / "var", "/var/lib/systemd/catalog"], check=True)
    subprocess.run(["journalctl", "--update-catalog"], check=True, timeout=60)
    yield
    subprocess.run(["umount", "/usr/lib/systemd/catalog"], check=True)
    subprocess.run(["umount", "/var/lib/systemd/catalog"], check=True)


@pytest.mark.usefixtures("catalogue")
def test_catalogue_explains():
    send(line(stay="explained", port=50123, pid=4242, exe="/usr/bin/srv", unit="a.service"))
    shown = journalctl("-x", "-o", "short", stay_of("explained")).decode()
    explained = shown[shown.index("Subject: "):]
    for word in ("Defined-By: overstay", "0.0.0.0", "50123", "/proc/PID/exe"):
        assert word in explained, word
    assert "Owner: process\n" in explained and "@" not in explained


@pytest.mark.usefixtures("catalogue")
def test_catalogue_explains_a_suspect():
    send(line("suspect", stay="whosuspect", pid=4242, exe="/dev/shm/x", reasons="shm", peers=2))
    shown = journalctl("-x", "-o", "short", stay_of("whosuspect")).decode()
    explained = shown[shown.index("Subject: "):]
    for word in ("shm", "strong", "/proc/PID/exe"):
        assert word in explained, word


@pytest.mark.usefixtures("catalogue")
def test_every_kind_is_explained():
    kinds = ("started stopped appeared vanished overstay suspect ended rebound cleared hopping "
             "turns advice summary pool degraded recovered config suppressed").split()
    send("".join(line(event=kind, text="explain-me") for kind in kinds))
    found = [e for kind in kinds for e in entries(f"OVERSTAY_EVENT={kind}")
             if e["MESSAGE"] == f"{kind.upper()} explain-me"]
    assert len({e["MESSAGE_ID"] for e in found}) == len(kinds)
    for kind in kinds:
        shown = journalctl("-x", "-o", "short", f"OVERSTAY_EVENT={kind}", "-g",
                           f"{kind.upper()} explain-me").decode()
        assert "Subject: " in shown, kind


def test_five_thousand_arrive():
    result = send(line(stay="many", port=50000, count=5000, pid=4242, exe="/usr/bin/srv",
                       cmdline="srv|-x|", unit="many.service"))
    assert result["taken"] == 5000 and result["left"] == 0 and result["refused"] == 0
    ports = [int(e["OVERSTAY_PORT"]) for e in entries(stay_of("many"))]
    # All, once, and in their order.
    assert ports == list(range(50000, 55000))


def test_hung_journald_never_blocks_the_sender():
    os.kill(journald(), signal.SIGSTOP)
    begun = time.monotonic()
    result = send(line(stay="hung", port=50000, count=2000, pid=4242),
                  "--no-wait", "--stop-usec=300000")
    assert time.monotonic() - begun < 10
    assert result["longest_usec"] < 50000
    assert result["stop_usec"] < 2000000
    # Something waits in its socket, the queue was full, the rest was refused.
    assert result["refused"] > 1000 and result["left"] > 200
    os.kill(journald(), signal.SIGCONT)
    ports = [int(e["OVERSTAY_PORT"]) for e in entries(stay_of("hung"))]
    assert ports == list(range(50000, 50000 + result["taken"] - result["left"])) or \
        ports == list(range(50000, 50000 + result["taken"] - result["left"] + 1))


def test_hung_journald_loses_nothing():
    os.kill(journald(), signal.SIGSTOP)
    process = start()
    process.stdin.write(line(stay="patient", port=50000, count=1000, pid=4242))
    process.stdin.flush()
    assert process.stdout.readline() == "waiting\n"
    os.kill(journald(), signal.SIGCONT)
    assert finish(process)["left"] == 0
    ports = [int(e["OVERSTAY_PORT"]) for e in entries(stay_of("patient"))]
    assert ports == list(range(50000, 51000))


@pytest.mark.parametrize("socket_stays", [True, False])
def test_dead_journald_is_waited_for(socket_stays):
    name = "refused" if socket_stays else "absent"
    kill_journald()
    if not socket_stays:
        os.unlink("/run/systemd/journal/socket")
    process = start()
    process.stdin.write(line(stay=name, port=50000, count=200, pid=4242))
    process.stdin.close()
    process.stdin = None
    subprocess.run(["/run/start-journald"], check=True, timeout=60)
    assert finish(process)["left"] == 0
    ports = [int(e["OVERSTAY_PORT"]) for e in entries(stay_of(name))]
    assert ports == list(range(50000, 50200))
    assert not entries(f"MESSAGE_ID={SUPPRESSED_ID}", "OVERSTAY_MESSAGES=1")


def test_auto_without_journal_writes_lines():
    kill_journald()
    os.unlink("/run/systemd/journal/socket")
    process = start("--target=auto")
    out, err = process.communicate(line(stay="lines", pid=4242, exe="/usr/bin/srv"), timeout=60)
    assert json.loads(out)["left"] == 0
    assert err.startswith("<4>OVERSTAY tcp 0.0.0.0:60855 ")
    # There is no journal to search.
    assert "journalctl" not in err
    assert err.count("\n") == 1


def test_auto_with_journal_writes_no_line():
    process = start("--target=auto")
    out, err = process.communicate(line(stay="noline", pid=4242), timeout=60)
    assert json.loads(out)["left"] == 0 and err == ""
    assert len(entries(stay_of("noline"))) == 1


def test_stderr_that_is_the_journal():
    """By its stream: one entry for each alert, whichever way it goes."""
    for target in ("auto", "stderr"):
        command = f"printf '{line(stay='s' + target, pid=4242).strip()}\\n' | " \
                  f"{SEND} --target={target}"
        subprocess.run(["systemd-cat", "-t", f"stream-{target}", "sh", "-c",
                        command.replace("%", "%%")], check=True, timeout=60)
    assert len(entries(stay_of("sauto"))) == 1
    assert not [e for e in entries("-t", "stream-auto") if "OVERSTAY" in e["MESSAGE"]]
    streamed, = [e for e in entries("-t", "stream-stderr") if "OVERSTAY" in e["MESSAGE"]]
    assert streamed["PRIORITY"] == "4"
