# SPDX-License-Identifier: MIT
"""A kernel's table that is full of connections: half open, closed at once, and held.

Listeners are polled beside it as ever; surveys, which read it all, are put off.
"""
import os
import re
import subprocess
import time

import pytest

import harness
from harness import SOURCE, config_text, run

PORTS = range(50001, 50011)
ADDRESS = "10.9.9.1"


@pytest.fixture(name="storm")
def _storm(namespace, tmp_path):
    """storm(word, ...): storm.c in the namespace; it goes on until the end of the test."""
    program = tmp_path / "storm"
    run("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-o", program, SOURCE / "tests/system/storm.c")
    made = []

    def start(*arguments):
        made.append(subprocess.Popen([program, *map(str, arguments)], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, preexec_fn=namespace.enter))
        return made[-1]

    yield start
    harness.end(made)


def cpu_sec(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_storms_hide_nothing_and_cost_little(daemon, listen, storm, namespace):
    for name, value in (("core.somaxconn", "65535"), ("ipv4.tcp_max_syn_backlog", "65535"),
                        ("ipv4.tcp_syncookies", "0"), ("ipv4.tcp_tw_reuse", "0")):
        namespace.sysctl(f"net.{name}", value)
    run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo", preexec_fn=namespace.enter)
    # Of these addresses the kernel has a way to answer, and none of them is its own.
    run("ip", "route", "add", "10.8.0.0/16", "dev", "lo", preexec_fn=namespace.enter)
    for port in PORTS:
        listen(port)
    target = listen(50100, address=ADDRESS)
    target.listen(65535)
    watch = daemon(config_text(remind="never", interval="500ms"))
    watch.wait_line("STARTED")
    began, cpu = time.monotonic(), cpu_sec(watch.pid)
    storms = [storm("syn", ADDRESS, 50100, 20000), storm("wait", 20000, 15000),
              storm("hold", 20001, 4000)]
    for one in storms:
        assert one.stdout.readline() == b"ready\n"
    watch.wait_line("OVERSTAY")
    time.sleep(3)  # pause: polls and surveys of the whole
    share = (cpu_sec(watch.pid) - cpu) / (time.monotonic() - began)
    for state, least in (("syn-recv", 19000), ("time-wait", 14000), ("established", 8000)):
        there = run("ss", "-Htan", "state", state, preexec_fn=namespace.enter).stdout
        assert there.count("\n") >= least, "the storm is one"
    assert watch.count("VANISHED|ENDED|DEGRADED|SUPPRESSED") == 0
    assert share < 0.25
    assert watch.stop() == 0
    held = re.search(r"blocked for at most (\d+) us", watch.wait_line("STOPPED"))
    assert int(held[1]) < 2000000
