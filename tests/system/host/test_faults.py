# SPDX-License-Identifier: MIT
"""A kernel that refuses, clocks that are set, a host that sleeps."""
import errno
import os
import time

import pytest

from faults import Faults
from harness import config_text

PORT = 50001
DAY = 86400 * 1000000
YEAR = 365 * DAY


@pytest.fixture(name="faults")
def _faults(tmp_path):
    made = Faults(tmp_path)
    yield made
    made.close()


@pytest.fixture(name="faulty")
def _faulty(daemon, faults):
    """faulty(config): overstayd with a kernel that fails as `faults` says."""
    def start(config):
        return daemon(config, environment=faults.environment)

    return start


def test_a_clock_that_is_set_brings_nothing_about(faulty, faults, listen):
    watch = faulty(config_text(threshold="1h", remind="1d",
                               heartbeat="{every: 1h, severity: info}"))
    watch.wait_line("STARTED")
    listen(PORT)
    watch.wait_line("APPEARED")
    for step in (YEAR, -YEAR, -55 * YEAR):
        faults.set(realtime_usec=step)
        time.sleep(0.7)  # pause: some polls
    faults.set()
    time.sleep(0.5)  # pause: polls after the last step
    assert watch.count(".") == 2, "STARTED and APPEARED"


def test_a_resume_is_one_heartbeat_and_nothing_at_once(faulty, faults, listen):
    watch = faulty(config_text(threshold="1h", remind="1d",
                               heartbeat="{every: 1h, severity: info}"))
    watch.wait_line("STARTED")
    listen(PORT)
    watch.wait_line("APPEARED")
    faults.set(boottime_usec=YEAR)
    watch.wait_line("OVERSTAY")
    time.sleep(1)  # pause: 10 polls
    assert watch.count("HEARTBEAT") == 1
    assert watch.count("OVERSTAY") == 1
    assert watch.count("VANISHED|ENDED|DEGRADED") == 0



@pytest.mark.parametrize("call, error", [
    ("make", "EAFNOSUPPORT"), ("receive", "EPERM")])
def test_without_netlink_proc_net_is_read(faulty, faults, listen, call, error):
    faults.set(**{f"{call}_errno": getattr(errno, error)})
    watch = faulty(config_text())
    assert os.strerror(getattr(errno, error)) in watch.wait_line("^<4>DEGRADED source")
    watch.wait_line("STARTED")
    listener = listen(PORT)
    watch.wait_line("OVERSTAY")
    listener.close()
    watch.wait_line("ENDED")
    assert watch.count("DEGRADED") == 1


@pytest.mark.parametrize("call, error", [
    ("make", "EMFILE"), ("receive", "EINTR")])
def test_netlink_that_fails_at_the_start_is_tried_again(faulty, faults, listen, call, error):
    """It says what is wrong meanwhile, and that it watches only when it does."""
    listen(PORT)
    faults.set(**{f"{call}_errno": getattr(errno, error)})
    watch = faulty(config_text())
    watch.wait_line("^<3>DEGRADED polls")
    assert watch.count("STARTED") == 0
    faults.set()
    watch.wait_line("^<5>RECOVERED polls")
    watch.wait_line("STARTED")
    watch.wait_line("OVERSTAY")


def test_netlink_that_fails_later_ends_nothing(faulty, faults, listen):
    first = listen(PORT)
    listen(PORT + 1)
    watch = faulty(config_text())
    watch.wait_line("OVERSTAY", count=2)
    kinds = [
        {"make_errno": errno.EPERM, "send_errno": errno.EPERM},
        {"make_errno": errno.EMFILE, "receive_errno": errno.EIO},
        {"send_errno": errno.EINTR},
        {"receive_errno": errno.EINTR},
        {"receive_errno": errno.ENOBUFS, "every": 2},
        {"receive_errno": errno.ENOBUFS},
    ]
    for count, failing in enumerate(kinds, 1):
        faults.set(**failing)
        watch.wait_line("^<3>DEGRADED polls", count=count)
        if failing != kinds[-1]:
            faults.set()
            watch.wait_line("^<5>RECOVERED polls", count=count)
    first.close()
    time.sleep(0.5)  # pause: longer than the grace
    assert watch.count("ENDED|VANISHED") == 0, "nothing was proved"
    faults.set()
    watch.wait_line("^<5>RECOVERED polls", count=len(kinds))
    watch.wait_line(f"ENDED tcp 127.0.0.1:{PORT} ")
    assert watch.count("ENDED|VANISHED") == 1
    assert watch.count("DEGRADED") == len(kinds)
