# SPDX-License-Identifier: MIT
"""A suspect and a digest, sent through a real journald and the forwarders of contrib/siem, are read
back and compared with what the journal has."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

import pytest
import yaml

SOURCE = pathlib.Path(os.environ.get("OVERSTAY_SOURCE", ""))
BUILD = pathlib.Path(os.environ.get("OVERSTAY_BUILD", ""))
SIEM = SOURCE / "contrib/siem"
# What run-with-journald makes journald take the tests for.
UNIT = "overstay-test.service"
FIRST_PORT, FIRST_UID, LISTENERS = 50000, 20000, 12
# A name that tries to be something else: a quote, a backslash, a line, what is no UTF-8.
HOSTILE = "/dev/shm/x%22%5c%c3%a4%ff%0a%7b}"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def journal(*matches):
    subprocess.run(["journalctl", "--sync"], check=True, timeout=60)
    done = subprocess.run(["journalctl", "-q", "-a", "-o", "json", *matches], check=True, timeout=60,
                          stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def wait_for(find, seconds=60):
    until = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < until
        time.sleep(0.05)  # poll
    return found


def digests(pid):
    return [entry for entry in journal("OVERSTAY_EVENT=overstay", f"_PID={pid}")
            if "OVERSTAY_ITEMS" in entry]


def listener(number):
    """Held by a user of its own: of one owner there would be one alert."""
    with socket.create_server(("127.0.0.1", FIRST_PORT + number)) as held:
        return subprocess.Popen(["sleep", "1000"], user=FIRST_UID + number,
                                pass_fds=[held.fileno()], stdin=subprocess.DEVNULL)


@pytest.fixture(name="sent", scope="module")
def _sent(tmp_path_factory):
    """What the journal has of both, by event."""
    words = f"event=suspect stay=siem port=60855 pid=4242 uid=33 exe={HOSTILE} " \
            "cmdline=nc|-l|60855| unit=apache2.service reasons=shm,stranger peers=3\n"
    subprocess.run([BUILD / "tests/system/send-reports"], input=words, check=True, timeout=60,
                   stdout=subprocess.DEVNULL, text=True)
    home = tmp_path_factory.mktemp("overstayd")
    configuration = home / "overstay.yaml"
    configuration.write_text("interval: 1s\nthreshold: 3s\ngrace: 1s\nloopback: {severity: warning}\n"
                             "log: {after: 1s}\n", encoding="ascii")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=60)
    owners = [listener(i) for i in range(LISTENERS)]
    with subprocess.Popen([BUILD / "overstayd", "-c", configuration], stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL,
                          env={**os.environ, "STATE_DIRECTORY": str(home)}) as daemon:
        try:
            digest, = wait_for(lambda: digests(daemon.pid))
        finally:
            daemon.terminate()
        assert daemon.wait(timeout=60) == 0
    for owner in owners:
        owner.kill()
        owner.wait(timeout=60)
    suspect, = journal("OVERSTAY_EVENT=suspect", f"OVERSTAY_STAY={b'siem'.hex():0<32}")
    return {"suspect": suspect, digest["OVERSTAY_EVENT"]: digest}


def snippet(name, directory, *changes):
    """The file as it is shipped, but for the unit's name and the paths. Each change must be one."""
    text = (SIEM / name).read_text(encoding="utf-8")
    for old, new in [("overstayd.service", UNIT), *changes]:
        assert old in text, old
        text = text.replace(old, new)
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def forwarded(command, output, sent):
    """Runs the forwarder until both have come; returns its objects, by event."""
    wanted = {(entry["_PID"], entry["_SOURCE_REALTIME_TIMESTAMP"]) for entry in sent.values()}

    def both():
        lines = output.read_bytes().splitlines() if output.exists() else []
        found = [json.loads(line.decode("utf-8")) for line in lines if line.endswith(b"}")]
        found = [entry for entry in found
                 if (entry["_PID"], entry["_SOURCE_REALTIME_TIMESTAMP"]) in wanted]
        return {entry["OVERSTAY_EVENT"]: entry for entry in found} if len(found) == 2 else None

    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        try:
            return wait_for(both)
        finally:
            process.terminate()
            process.wait(timeout=60)


def compare(sent, came, of_several):
    """Each field of ours, and those that say who sent it, as in the journal."""
    for event, entry in sent.items():
        for name, value in entry.items():
            if not name.startswith("OVERSTAY_") and name not in \
                    ("MESSAGE", "MESSAGE_ID", "PRIORITY", "_UID", "_SYSTEMD_UNIT", "_HOSTNAME"):
                continue
            expected = of_several(value) if isinstance(value, list) else value
            assert came[event][name] == expected, (event, name)
    suspect, digest = came["suspect"], came["overstay"]
    assert suspect["OVERSTAY_SCHEMA"] == "1" and suspect["OVERSTAY_PORT"] == "60855"
    # Escaped by the daemon: no forwarder is trusted with it.
    assert suspect["OVERSTAY_EXE"] == '/dev/shm/x"\\\\ä\\xff\\n{}'
    assert suspect["OVERSTAY_REASONS"].split() == ["shm", "stranger"]
    assert suspect["OVERSTAY_PEERS"].split() == [f"192.0.2.{i}:4444" for i in (1, 2, 3)]
    items = json.loads(digest["OVERSTAY_ITEMS"])
    assert sorted(item["port"] for item in items) == \
        list(range(FIRST_PORT, FIRST_PORT + LISTENERS))
    assert sorted(item["uid"] for item in items) == list(range(FIRST_UID, FIRST_UID + LISTENERS))


@pytest.mark.skipif(not shutil.which("rsyslogd"), reason="no rsyslog here")
def test_rsyslog(sent, tmp_path):
    output = tmp_path / "overstay.json"
    path = snippet("rsyslog.conf", tmp_path, ("/var/log/overstay.json", str(output)),
                   ("imjournal.state", str(tmp_path / "state")))
    subprocess.run(["rsyslogd", "-N1", "-f", path], check=True, timeout=60)
    came = forwarded(["rsyslogd", "-n", "-f", path, "-i", tmp_path / "pid"], output, sent)
    compare(sent, came, lambda values: values[-1])


# ---- forwarders that Debian does not have: run if they are there, else read as they read -----

# What their manuals list; a name that is not here is a mistake, and they refuse to start or ignore it.
FLUENT_INPUT = {"name", "tag", "path", "max_fields", "max_entries", "systemd_filter",
                "systemd_filter_type", "db", "db.sync", "read_from_tail", "lowercase",
                "strip_underscores", "threaded", "mem_buf_limit"}
FLUENT_GREP = {"name", "match", "regex", "exclude", "logical_op"}
FLUENT_FILE = {"name", "match", "path", "file", "format", "mkdir", "workers"}
VECTOR_SOURCE = {"type", "batch_size", "current_boot_only", "data_dir", "exclude_matches",
                 "exclude_units", "extra_args", "include_matches", "include_units",
                 "journal_directory", "journal_namespace", "journalctl_path", "since_now",
                 "acknowledgements", "emit_cursor"}
VECTOR_FILTER = {"type", "inputs", "condition"}
VECTOR_FILE = {"type", "inputs", "path", "encoding", "compression", "idle_timeout_secs", "buffer"}


def chosen(sent, matches, wanted):
    """What comes of the journal by these matches and what is wanted of a field, by event."""
    subprocess.run(["logger", "--journald"], check=True, timeout=60, text=True,
                   input="MESSAGE=not overstayd's\nSYSLOG_IDENTIFIER=overstayd\n")
    found = journal(*matches)
    kept = [entry for entry in found if wanted(entry)]
    assert len(kept) < len(found), "what is no message of overstayd's came, too"
    times = {entry["_SOURCE_REALTIME_TIMESTAMP"]: event for event, entry in sent.items()}
    return {times[entry["_SOURCE_REALTIME_TIMESTAMP"]]: entry for entry in kept
            if entry["_SOURCE_REALTIME_TIMESTAMP"] in times}


def read_fluent_bit(path, sent):
    """The snippet as fluent-bit reads it, as far as that can be done without: the names of its
    options, how its parts are wired, what its filters choose in a real journal."""
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(whole) == {"service", "pipeline"}
    source, = whole["pipeline"]["inputs"]
    grep, = whole["pipeline"]["filters"]
    output, = whole["pipeline"]["outputs"]
    assert (source["name"], grep["name"], output["name"]) == ("systemd", "grep", "file")
    assert set(source) <= FLUENT_INPUT and set(grep) <= FLUENT_GREP and set(output) <= FLUENT_FILE
    assert grep["match"] == output["match"] == source["tag"]
    assert source["read_from_tail"] is False and output["format"] == "plain"
    field, expression = grep["regex"].split(" ", 1)
    return chosen(sent, [source["systemd_filter"]],
                  lambda entry: re.search(expression, entry.get(field, "")))


def read_vector(path, sent):
    """The same of Vector, which runs journalctl with these matches."""
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(whole) == {"sources", "transforms", "sinks"}
    (first, source), = whole["sources"].items()
    (second, kept), = whole["transforms"].items()
    (_, sink), = whole["sinks"].items()
    assert (source["type"], kept["type"], sink["type"]) == ("journald", "filter", "file")
    assert set(source) <= VECTOR_SOURCE and set(kept) <= VECTOR_FILTER and set(sink) <= VECTOR_FILE
    assert kept["inputs"] == [first] and sink["inputs"] == [second]
    assert sink["encoding"] == {"codec": "json"}
    field, value = re.fullmatch(r'\.(\w+) == "([^"]*)"', kept["condition"]).groups()
    return chosen(sent, [f"{name}={value}" for name, values in source["include_matches"].items()
                         for value in values], lambda entry: entry.get(field) == value)


def test_fluent_bit(sent, tmp_path):
    output = tmp_path / "overstay.json"
    path = snippet("fluent-bit.yaml", tmp_path, ("path: /var/log", f"path: {tmp_path}"),
                   ("/var/lib/fluent-bit", str(tmp_path)))
    compare(sent, read_fluent_bit(path, sent), lambda values: values)
    if shutil.which("fluent-bit"):
        came = forwarded(["fluent-bit", "-c", path], output, sent)
        compare(sent, came, lambda values: values)


def test_vector(sent, tmp_path):
    output = tmp_path / "overstay.json"
    path = snippet("vector.yaml", tmp_path, ("/var/log/overstay.json", str(output)))
    compare(sent, read_vector(path, sent), lambda values: values)
    if not shutil.which("vector"):
        return
    came = forwarded(["vector", "--config-yaml", path], output, sent)
    for event, entry in came.items():
        entry["MESSAGE"] = entry.pop("message")
        entry["_HOSTNAME"] = entry.pop("host")
        # It has names for priorities.
        entry["PRIORITY"] = sent[event]["PRIORITY"]
    compare(sent, came, lambda values: json.dumps(values, separators=(",", ":")))


def golden_fields():
    """Types of all fields, by name."""
    lines = (SOURCE / "tests/golden/fields.txt").read_text(encoding="utf-8").splitlines()
    return {name: kind for name, kind in
            (line.split(":")[0].split(None, 2)[1:] for line in lines if line.startswith("field "))}


def test_fields_that_are_named_exist():
    """In the snippets, and in README's tables."""
    fields = {name: kind.strip() for name, kind in golden_fields().items()}
    for path in sorted(SIEM.iterdir()):
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"\bOVERSTAY_[A-Z][A-Z0-9_]*\b", text)) - {"OVERSTAY_X"}
        assert named and named <= set(fields), (path.name, named - set(fields))
        # Of the fields that come several times the snippets say which others are one field.
        for name in re.findall(r"OVERSTAY_(?:PIDS|REASONS|PEERS)\b", text):
            assert fields[name].startswith("list of "), name
    schema = (SOURCE / "tests/golden/fields.txt").read_text(encoding="utf-8")
    number = re.search("^schema (.*)$", schema, re.MULTILINE).group(1)
    for name in ("rsyslog.conf", "fluent-bit.yaml", "vector.yaml"):
        text = (SIEM / name).read_text(encoding="utf-8")
        assert re.search(rf'OVERSTAY_SCHEMA (\^{number}\$|== "{number}")', text), name
