# SPDX-License-Identifier: MIT
"""Whether a listener belongs there: suspects, hopping, advice, services that move, by hand.

Rules by `exe` need a PID 1 that lets itself be looked at; booted/test_imitation.py has those.
"""
import os
import re
import shutil
import socket
import subprocess

import pytest

import harness
from harness import config_text

PORT = 50001
LISTEN = """
use IO::Socket::INET;
my $held = IO::Socket::INET->new(Listen => 8, LocalAddr => $ARGV[0], LocalPort => $ARGV[1],
    ReuseAddr => 1) or die "listen: $!\\n";
$| = 1;
print $held->sockport, "\\n";
<STDIN>;
"""


class Program:
    """A listener of a copy of perl's, wherever the test wants it."""

    def __init__(self, namespace, path, port, address="127.0.0.1", uid=0):
        def enter():
            namespace.enter()
            if uid != 0:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)

        self.path = str(path)
        if not os.path.exists(path):
            shutil.copy(os.path.realpath("/usr/bin/perl"), path)
        self.process = subprocess.Popen(
            [self.path, "-e", LISTEN, address, str(port)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, cwd="/", preexec_fn=enter)
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=15)
        self.process.stdout.close()


@pytest.fixture(name="program")
def _program(namespace):
    made = []

    def start(*arguments, **options):
        made.append(Program(namespace, *arguments, **options))
        return made[-1]

    yield start
    for one in made:
        if not one.process.stdin.closed:
            one.close()


@pytest.fixture(name="in_shm")
def _in_shm():
    path = f"/dev/shm/overstay-test-{os.getpid()}"
    yield path
    if os.path.exists(path):
        os.unlink(path)


def test_a_suspect_is_told_at_once_with_its_peers(daemon, program, namespace, in_shm):
    one = program(in_shm, PORT)
    with namespace.inside():
        peer = socket.create_connection(("127.0.0.1", PORT))
    with peer:
        watch = daemon(config_text(threshold="1h"))
        line = watch.wait_line(rf"^<2>SUSPECT tcp 127\.0\.0\.1:{PORT}\b")
        assert one.path in line and "(strong)" in line
        assert f" 127.0.0.1:{peer.getsockname()[1]}" in line
    assert watch.count("SUSPECT") == 1
    one.close()
    assert "suspect" in watch.wait_line(rf"^<\d>ENDED tcp 127\.0\.0\.1:{PORT}\b")


def test_a_rule_that_does_not_speak_of_suspects_is_named(daemon, program, in_shm):
    program(in_shm, PORT)
    watch = daemon(config_text(rules="""rules:
  - name: by its name
    match: {comm: "overstay-test*"}
    action: allow
"""))
    assert '"by its name"' in watch.wait_line("SUSPECT tcp")


def test_a_rule_that_names_the_reason_allows(daemon, program, in_shm, listen):
    program(in_shm, PORT)
    listen(PORT + 1)
    watch = daemon(config_text(advice="off", rules="""rules:
  - name: by its name
    match: {comm: "overstay-test*", reason: shm}
    action: allow
"""))
    watch.wait_line(f"OVERSTAY tcp .*:{PORT + 1}")
    assert watch.count(f":{PORT}\\b") == 0


def test_hopping_is_one_alert(daemon, program, tmp_path):
    watch = daemon(config_text(threshold="3s", grace="2s"))
    watch.wait_line("STARTED")
    path = tmp_path / "hopper"
    for port in range(PORT, PORT + 6):
        one = program(path, port)
        watch.wait_line(rf"APPEARED tcp 127\.0\.0\.1:{port}\b")
        # Each is there for more than half a second: seen, told, and gone in time.
        assert not harness.ended(one.process, 0.5)
        one.close()
    line = watch.wait_line("HOPPING")
    assert str(path) in line and f"{PORT}, {PORT + 1}" in line
    assert watch.count("HOPPING") == 1
    assert watch.count("OVERSTAY") == 0


@pytest.fixture(name="for_all")
def _for_all():
    """A directory that any user may look into."""
    path = f"/srv/overstay-test-{os.getpid()}"
    os.mkdir(path, mode=0o755)
    yield path
    shutil.rmtree(path)


def take_turns(watch, program, paths, count, **options):
    """Each is there for longer than the grace, and hands the port to the next one at once."""
    for turn in range(count):
        one = program(paths[turn % len(paths)], PORT, **options)
        watch.wait_line(rf"APPEARED tcp 127\.0\.0\.1:{PORT}\b.* \[{one.process.pid}\]")
        assert not harness.ended(one.process, 1.5)
        one.close()


def test_turns_of_a_user_are_one_alert(daemon, program, for_all):
    watch = daemon(config_text(threshold="5s", grace="1s"))
    watch.wait_line("STARTED")
    paths = [f"{for_all}/one", f"{for_all}/other"]
    take_turns(watch, program, paths, 6, uid=1789)
    line = watch.wait_line(rf"^<\d>TURNS tcp 127\.0\.0\.1:{PORT}\b")
    assert all(path in line for path in paths) and "threshold 5s" in line
    assert watch.count("TURNS") == 1
    assert watch.count("OVERSTAY tcp") == 0


def test_a_service_on_another_automatic_port_is_the_same_stay(daemon, program, namespace,
                                                              tmp_path):
    namespace.sysctl("net.ipv4.ip_local_port_range", "50100 50199")
    path = tmp_path / "service"
    watch = daemon(config_text(threshold="1h", grace="10s", rules="""rules:
  - name: a service
    match: {comm: service, choice: auto}
    threshold: 2s
"""))
    watch.wait_line("STARTED")
    first = program(path, 0)
    watch.wait_line(rf"APPEARED tcp 127\.0\.0\.1:{first.port}\b")
    first.close()
    with namespace.inside():
        # Whatever the kernel would give out first: the next one shall be another.
        taken = socket.create_server(("127.0.0.1", first.port))
    with taken:
        second = program(path, 0)
        assert second.port != first.port
        line = watch.wait_line(rf"REBOUND tcp 127\.0\.0\.1:{second.port}\b")
        assert f" {first.port}" in line
        watch.wait_line(rf"OVERSTAY tcp 127\.0\.0\.1:{second.port}\b")
    assert watch.count(rf"APPEARED tcp 127\.0\.0\.1:{second.port}\b") == 0


def test_the_baseline_says_who(daemon, listen, program, namespace, tmp_path):
    namespace.sysctl("net.ipv4.ip_local_port_range", "50100 50199")
    listen(PORT)
    listen(PORT + 1)
    other = program(tmp_path / "service", 0)
    watch = daemon(config_text())
    line = watch.wait_line("^<4>OVERSTAY")
    assert " 3 " in line and re.search(rf"/service .*\b{other.port}\b", line)
    assert "slept" not in line
    for port in (PORT, PORT + 1, other.port):
        watch.wait_line(rf"^<6>OVERSTAY tcp 127\.0\.0\.1:{port}\b")
    assert watch.count("^<4>OVERSTAY") == 1


def test_no_advice_for_what_is_no_service(daemon, listen):
    listen(PORT)
    watch = daemon(config_text())
    watch.wait_line(rf"OVERSTAY tcp 127\.0\.0\.1:{PORT}\b")
    listen(PORT + 1)
    watch.wait_line(rf"OVERSTAY tcp 127\.0\.0\.1:{PORT + 1}\b")
    assert watch.count("ADVICE") == 0


@pytest.mark.parametrize("kernel_range, odd", [
    ("1024 65535", True), ("50000 50999", True), ("32768 60999", False), ("49152 65535", False)])
def test_an_odd_kernel_range_is_told_at_start(daemon, namespace, kernel_range, odd):
    namespace.sysctl("net.ipv4.ip_local_port_range", kernel_range)
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    if odd:
        assert re.search("^<5>ADVICE .*" + kernel_range.replace(" ", "-"),
                         watch.wait_line("ADVICE"))
    # What is told at the start is told before the end.
    watch.stop()
    assert watch.count("ADVICE") == odd
