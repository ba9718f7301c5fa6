# SPDX-License-Identifier: MIT
"""Commands that poll once, and the exit codes."""
import json
import os

import pytest

import harness
from harness import LOOKUP, OVERSTAYD, config_text, run

PORT = 50001


@pytest.fixture(name="config")
def _config(tmp_path):
    path = tmp_path / "overstay.yaml"
    path.write_text(config_text(), encoding="utf-8")
    return path


def test_once_prints_a_table(namespace, listener_process, config):
    listener = listener_process(PORT)
    done = run(OVERSTAYD, "-c", config, "--once", preexec_fn=namespace.enter)
    head, *rows = done.stdout.splitlines()
    assert "LOCAL ADDRESS:PORT" in head and "VERDICT" in head
    assert len(rows) == 1
    for word in ("tcp", f"127.0.0.1:{PORT}", "loopback", "asked", "root", str(listener.pid),
                 "python3", "1s"):
        assert word in rows[0], word
    assert done.stderr == ""


def test_once_as_json(namespace, listener_process, listen, config):
    listener = listener_process(PORT)
    listen(PORT + 1, kind="udp")
    done = run(OVERSTAYD, "-c", config, "--once", "--json", preexec_fn=namespace.enter)
    rows = {row["port"]: row for row in json.loads(done.stdout)}
    assert set(rows) == {PORT, PORT + 1}
    assert rows[PORT]["pid"] == listener.pid
    assert rows[PORT]["threshold_usec"] == 1000000
    assert rows[PORT + 1]["protocol"] == "udp"
    assert rows[PORT + 1]["pid"] == os.getpid()


def test_once_tells_who_chose_the_port(namespace, listen, config):
    namespace.sysctl("net.ipv4.ip_local_port_range", "50100 50199")
    automatic = listen(0)
    listen(PORT)
    done = run(OVERSTAYD, "-c", config, "--once", "--json", preexec_fn=namespace.enter)
    choices = {row["port"]: row["choice"] for row in json.loads(done.stdout)}
    assert choices == {automatic.getsockname()[1]: "auto", PORT: "asked"}


def test_once_of_nothing(namespace, config):
    done = run(OVERSTAYD, "-c", config, "--once", "--json", preexec_fn=namespace.enter)
    assert json.loads(done.stdout) == []


def test_once_to_a_full_disk_fails(namespace, config, listen):
    listen(PORT)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = harness.subprocess.run([OVERSTAYD, "-c", config, "--once", "--json"], stdout=full,
                                      stderr=harness.subprocess.PIPE, timeout=60, check=False,
                                      preexec_fn=namespace.enter)
    assert done.returncode == 1


@pytest.mark.parametrize("arguments, status", [
    (["--version"], 0),
    (["--help"], 0),
    (["--nonsense"], 2),
    (["--json"], 2),
    (["--log-target=printer"], 2),
    (["word"], 2),
    (["-c"], 2),
    (["-c", "/nonexistent", "--check"], 2),
    (["-c", "/nonexistent", "--dump-config"], 2),
])
def test_exit_codes(arguments, status):
    done = run(OVERSTAYD, *arguments, check=False)
    assert done.returncode == status
    assert (done.stdout if status == 0 else done.stderr) != ""
    assert (done.stderr if status == 0 else done.stdout) == ""


@pytest.mark.parametrize("arguments, status", [
    (["--version"], 0), (["--help"], 0), ([], 2), (["--fd", "x"], 2), (["--fd", "1"], 2),
    (["--fd", "77"], 1), (["word"], 2),
])
def test_exit_codes_of_the_lookup(arguments, status):
    assert run(LOOKUP, *arguments, check=False).returncode == status
