# SPDX-License-Identifier: MIT
"""Polls that cost too much come more seldom, and it is said; when they are cheap again, that, too."""
import harness
from crowds import CHURN
from harness import config_text

USER = 61001
COUNT = 3000


def test_dear_polls_come_more_seldom(daemon, start_as):
    # So many that come and go in each take far more than a hundredth of a core, on any host.
    watch = daemon(config_text(ranges='["32768-60999"]', interval="100ms", threshold="1h",
                               log="{appeared: 'off', vanished: 'off'}"))
    watch.wait_line("STARTED")
    many = start_as(USER, CHURN, "127.0.0.1", 32768, COUNT, 1, 0.1)
    line = watch.wait_line("DEGRADED interval", 60)
    assert "instead of 100ms" in line, line
    harness.end([many])
    assert "100ms again" in watch.wait_line("RECOVERED interval", 60)
