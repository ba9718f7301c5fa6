# SPDX-License-Identifier: MIT
"""More listeners than are watched.

As an unprivileged user: 75,000 listeners. Another user's listener is watched all the same, nothing
is reported as closed that is open, and what is not watched is said once.
"""
import harness
from crowds import FLOOD, LISTEN
from harness import config_text, memory_bound_kib, memory_kib

ATTACKER = 61001
VICTIM = 61002
PORT = 60001
WATCHED = 65536

# A process may have some 20,000 file descriptors.
PROCESSES, EACH = 4, 18750


def test_what_is_not_watched_hides_nobody(daemon, start_as):
    crowd = [start_as(ATTACKER, FLOOD, f"127.1.0.{1 + i}", 33000, EACH) for i in range(PROCESSES)]
    watch = daemon(config_text(interval="1s", threshold="8s", suspect="{threshold: 8s}",
                               ranges='["32768-60999"]', log="{appeared: 'off'}"))
    left_out = PROCESSES * EACH - WATCHED
    watch.wait_line(f"^<4>DEGRADED listeners: {left_out} listeners are not watched: more than "
                    f"{WATCHED} are open, most of them by uid {ATTACKER}$", 60)
    watch.wait_line(f"STARTED .*: {WATCHED} listeners", 60)
    victim = start_as(VICTIM, LISTEN, "127.0.0.1", PORT)
    line = watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT} ", 60)
    assert f"[{victim.pid}]" in line, line
    # It has the place of another, which did not close.
    assert watch.count("VANISHED|ENDED") == 0
    assert watch.count("DEGRADED listeners") == 1
    assert memory_kib(watch.pid) < memory_bound_kib(48)
    # All but the last close theirs.
    harness.end(crowd[:-1])
    watch.wait_line("^<5>RECOVERED listeners: all listeners are watched again$", 120)
    assert watch.count("(DEGRADED|RECOVERED) listeners") == 2
    assert watch.count(f"(VANISHED|ENDED|CLEARED) tcp 127.0.0.1:{PORT} ") == 0
    victim.kill()
    watch.wait_line(f"ENDED tcp 127.0.0.1:{PORT} ", 60)
