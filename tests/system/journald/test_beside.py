# SPDX-License-Identifier: MIT
"""Two that are started by hand, without the service: the later one says that there is another."""
import os
import pathlib
import subprocess
import tempfile
import time

import pytest

OVERSTAYD = pathlib.Path(os.environ.get("OVERSTAY_BUILD", ""), "overstayd")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class ByHand:
    """One that is up: it has said in the journal that it started."""

    def __init__(self, *wrapper, target="auto"):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*wrapper, OVERSTAYD, f"--log-target={target}"],
                                        stdin=subprocess.DEVNULL, stderr=self.errors)
        self.pid = self.process.pid
        until = time.monotonic() + 60
        while b"STARTED" not in self.said() and not self._in_journal():
            assert time.monotonic() < until and self.process.poll() is None
            time.sleep(0.05)  # poll

    def _in_journal(self):
        subprocess.run(["journalctl", "--sync"], check=True, timeout=60)
        return subprocess.run(["journalctl", "-q", "-o", "cat", f"_PID={self.pid}",
                               "OVERSTAY_EVENT=started"], check=True, timeout=60,
                              stdout=subprocess.PIPE).stdout

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=60)


@pytest.fixture(name="by_hand")
def _by_hand():
    started = []

    def start(*wrapper, **options):
        started.append(ByHand(*wrapper, **options))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.errors.close()


def test_the_later_one_says_so(by_hand):
    first = by_hand()
    assert b"running too" not in first.said()
    second = by_hand(target="journal")
    said = f"another overstayd [{first.pid}] is running too: every alert will be logged twice"
    assert said.encode() in second.said()
    # Whoever died is not there, and does not hide the one that lives.
    first.kill()
    third = by_hand()
    assert said.replace(str(first.pid), str(second.pid)).encode() in third.said()
    second.kill()
    third.kill()
    assert b"running too" not in by_hand().said()


def test_what_is_logged_once_is_not_twice(by_hand):
    by_hand()
    assert b"running too" not in by_hand(target="stderr").said()
    assert b"running too" not in by_hand("unshare", "--net").said()
    once = subprocess.run([OVERSTAYD, "--once"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=60, check=False)
    assert b"running too" not in once.stderr
