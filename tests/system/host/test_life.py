# SPDX-License-Identifier: MIT
"""The daemon by hand: a listener's life from appeared to ended, and what disturbs it."""
import os
import re
import signal
import time

import harness
from harness import config_text

PORT = 50001


def endpoint(word, port=PORT, protocol="tcp", address=r"127\.0\.0\.1"):
    return rf"^<\d>{word} {protocol} {address}:{port}\b"


def test_appeared_overstay_ended(daemon, listener_process):
    watch = daemon(config_text())
    watch.wait_line("^<6>STARTED")
    listener = listener_process(PORT)
    watch.wait_line(endpoint("APPEARED"))
    line = watch.wait_line(endpoint("OVERSTAY"))
    assert line.startswith("<4>"), "the severity of `loopback:` is warning"
    assert f"[{listener.pid}" in line and "python3" in line
    assert " 1s" in line, "the threshold"
    listener.close()
    watch.wait_line(endpoint("ENDED"))
    assert watch.stop() == 0
    assert watch.count("^<.>STOPPED") == 1
    for word in ("APPEARED", "OVERSTAY", "ENDED"):
        assert watch.count(endpoint(word)) == 1, word


def test_one_that_goes_in_time_is_not_an_overstay(daemon, listen):
    watch = daemon(config_text(threshold="20s"))
    watch.wait_line("STARTED")
    listener = listen(PORT)
    watch.wait_line(endpoint("APPEARED"))
    listener.close()
    watch.wait_line(endpoint("VANISHED"))
    assert watch.count("OVERSTAY") == 0


def test_a_signal_to_its_group_does_not_first_end_its_lookup(daemon, listen):
    """As timeout(1) sends it, and a terminal that is closed."""
    listen(PORT)
    watch = daemon(config_text())
    watch.wait_line(endpoint("OVERSTAY"))
    assert os.getpgid(watch.lookup_pid()) != watch.pid
    os.killpg(watch.pid, signal.SIGTERM)
    assert watch.process.wait(timeout=15) == 0 and watch.stop() == 0
    assert watch.count("STOPPED") == 1 and watch.count("DEGRADED") == 0


def test_udp_that_was_asked_for_overstays(daemon, listen):
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    listen(PORT, kind="udp")
    watch.wait_line(endpoint("OVERSTAY", protocol="udp"))


def test_outside_of_the_range_is_not_watched(daemon, listen):
    listen(49999)
    listen(51000)
    watch = daemon(config_text())
    listen(PORT)
    watch.wait_line(endpoint("OVERSTAY"))
    assert watch.count(":49999|:51000") == 0


def test_baseline_of_one_program_is_one_message(daemon, listen):
    for port in range(50010, 50025):
        listen(port)
    watch = daemon(config_text())
    assert " 15 " in watch.wait_line("STARTED")
    line = watch.wait_line("^<4>OVERSTAY")
    assert " 50010, 50011, " in line and " 15 " in line
    assert watch.count("APPEARED") == 0
    # Each of the others is an entry of its own as well, at a level of its own.
    for port in range(50011, 50025):
        watch.wait_line(rf"^<6>OVERSTAY tcp 127\.0\.0\.1:{port}\b")
    assert watch.count("^<4>OVERSTAY") == 1


def test_back_within_grace_is_the_same_stay(daemon, listen):
    watch = daemon(config_text(grace="10s", threshold="2s"))
    watch.wait_line("STARTED")
    first = listen(PORT)
    watch.wait_line(endpoint("APPEARED"))
    first.close()
    listen(PORT)
    watch.wait_line(endpoint("OVERSTAY"))
    assert watch.count(endpoint("ENDED")) + watch.count(endpoint("VANISHED")) == 0
    assert watch.count(endpoint("APPEARED")) == 1


def test_reuseport_group_is_one_listener(daemon, listen):
    for _ in range(4):
        listen(PORT, reuse_port=True)
    watch = daemon(config_text())
    assert " 1 " in watch.wait_line("STARTED")
    listen(PORT + 1, reuse_port=True)
    listen(PORT + 1, reuse_port=True)
    assert " 2 " in watch.wait_line(endpoint("OVERSTAY", PORT + 1))


def test_dual_stack_is_one_listener(daemon, listen):
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    listen(PORT, address="::")
    watch.wait_line(rf"OVERSTAY tcp \[::\]:{PORT} ")
    assert watch.count("OVERSTAY") == 1


def test_range_follows_the_kernel(daemon, listen, namespace):
    namespace.sysctl("net.ipv4.ip_local_port_range", "50000 50999")
    watch = daemon(config_text(ranges="[kernel]"))
    watch.wait_line("STARTED")
    listen(55001)
    listen(50001)
    watch.wait_line(endpoint("OVERSTAY", 50001))
    assert watch.count(":55001") == 0
    namespace.sysctl("net.ipv4.ip_local_port_range", "55000 55999")
    watch.wait_line("55000-55999")
    watch.wait_line(endpoint("OVERSTAY", 55001))


def test_kernel_9_and_again(daemon, listen):
    listen(PORT)
    first = daemon(config_text())
    first.wait_line("OVERSTAY")
    lookup = harness.wait_until(first.lookup_pid)
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    harness.wait_until(lambda: not alive(lookup), what="overstay-lookup ends with the daemon")
    second = daemon()
    second.wait_line("STARTED .* 1 ")
    second.wait_line("OVERSTAY")
    assert second.stop() == 0


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_death_of_the_lookup_is_survived(daemon, listener_process):
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    os.kill(harness.wait_until(watch.lookup_pid), signal.SIGKILL)
    line = watch.wait_line("DEGRADED lookup")
    assert line.endswith(f": {harness.LOOKUP}")
    listener = listener_process(PORT)
    # Told all the same, with what the kernel itself says of the owner. By hand there is no way
    # back to the privileges of the first poll-up; as a service there is (booted/). That is said,
    # since the first message is no longer true.
    assert f"[{listener.pid}" not in watch.wait_line(endpoint("OVERSTAY"))
    line = watch.wait_line("DEGRADED lookup: .* without its privileges")
    assert "; restart overstayd; " in line and line.endswith(f": {harness.LOOKUP}")
    killed = harness.wait_until(watch.lookup_pid)
    os.kill(killed, signal.SIGKILL)
    harness.wait_until(lambda: watch.lookup_pid() not in (None, killed))
    listener_process(PORT + 1)
    watch.wait_line(endpoint("OVERSTAY", PORT + 1))
    assert watch.count("DEGRADED lookup") == 2
    assert watch.stop() == 0


def test_heartbeat_with_nothing_to_report(daemon):
    """It comes at its time, also if nothing happens, and counts what was missed."""
    watch = daemon(config_text(heartbeat="{every: 10s, severity: warning}"))
    watch.wait_line("STARTED")
    first = watch.wait_line("^<4>HEARTBEAT overstayd ", 15)
    assert "; degraded" not in first
    watch.send(signal.SIGSTOP)
    until = time.monotonic() + 2
    harness.wait_until(lambda: time.monotonic() > until)
    watch.send(signal.SIGCONT)
    second = watch.wait_line("^<4>HEARTBEAT .*[1-9][0-9]* missed", 15)
    done, missed = map(int, re.search(r"(\d+) polls .* (\d+) missed", second).groups())
    assert done > missed >= 2


def test_stopped_daemon_catches_up(daemon, listen):
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    watch.send(signal.SIGSTOP)
    listener = listen(PORT)
    listen(PORT + 1)
    listener.close()
    watch.send(signal.SIGCONT)
    watch.wait_line(endpoint("OVERSTAY", PORT + 1))
    assert watch.count(f":{PORT} ") == 0, "one that nobody saw is not told of"
