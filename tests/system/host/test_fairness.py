# SPDX-License-Identifier: MIT
"""What one user does to the listeners of another: nothing.

As an unprivileged user: more listeners than overstay-lookup answers for in time, and more suspects
than a person reads. Beside them another user's listener.
"""
import harness
from crowds import FLOOD, LISTEN, SUSPECTS
from harness import config_text, slowed

ATTACKER = 61001
VICTIM = 61002
PORT = 59999


def test_a_flood_hides_nobody(daemon, start_as):
    watch = daemon(config_text(ranges='["32768-60999"]', interval="1s", threshold="6s",
                               log="{appeared: 'off', vanished: 'off'}"))
    watch.wait_line("STARTED")
    with slowed(harness.wait_until(watch.lookup_pid)):
        start_as(ATTACKER, FLOOD, "127.0.0.1", 32768, 18000)
        # Who holds this one is asked for in time, however many of the other user's wait.
        victim = start_as(VICTIM, LISTEN, "127.0.0.1", PORT)
        line = watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}", 60)
        assert f"[{victim.pid}]" in line, line
        # What waits too long is not passed over in silence.
        watch.wait_line("DEGRADED crowded", 60)


def test_suspects_of_one_user_are_bounded(daemon, start_as):
    watch = daemon(config_text(interval="500ms", suspect="{threshold: 1s}",
                               log="{appeared: 'off', vanished: 'off'}"))
    watch.wait_line("STARTED")
    start_as(ATTACKER, SUSPECTS, 50100, 30)
    start_as(VICTIM, SUSPECTS, 50900, 1)
    # The other user's stands alone, whatever comes before it.
    watch.wait_line("^<2>SUSPECT tcp 127.0.0.1:50900 ", 30)
    # Each of the first user's has its own line; so many of them are alerts, and one sums up the rest.
    watch.wait_line("SUSPECT tcp 127.0.0.1:501[0-2][0-9] ", 30, count=30)
    watch.wait_line(f"^<2>SUSPECT [0-9]+ more suspects? of uid {ATTACKER} ", 30)
    assert watch.count("^<2>SUSPECT tcp 127.0.0.1:501") == 10
    assert watch.count("^<6>SUSPECT tcp 127.0.0.1:501") == 20
