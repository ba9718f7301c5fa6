# SPDX-License-Identifier: MIT
"""A kernel that refuses, clocks that are set, a host that sleeps, little memory, no reader."""
import contextlib
import errno
import os
import subprocess
import time

import pytest

import harness
from faults import Faults
from harness import OVERSTAYD, config_text, wait_until

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



def test_without_netlink_proc_net_is_read(faulty, faults, listen):
    faults.set(receive_errno=errno.EPERM)
    watch = faulty(config_text())
    assert os.strerror(errno.EPERM) in watch.wait_line("^<4>DEGRADED source")
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


@contextlib.contextmanager
def written_to(namespace, tmp_path, stderr, target="stderr", text=config_text()):
    """overstayd with that as its stderr; it ends by itself at SIGTERM afterwards."""
    config = tmp_path / "overstay.yaml"
    config.write_text(text, encoding="utf-8")
    (tmp_path / "state").mkdir(exist_ok=True)
    with subprocess.Popen(
            [OVERSTAYD, "-c", config, f"--log-target={target}"], stdin=subprocess.DEVNULL,
            stderr=stderr, preexec_fn=namespace.enter, cwd="/",
            env={**os.environ, "STATE_DIRECTORY": str(tmp_path / "state")}) as process:
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(timeout=15) == 0


def polls(pid):
    """Whether the loop's thread goes on: by its context switches, of which each poll is one."""
    def switches():
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) for line in status
                        if line.startswith("voluntary_ctxt_switches"))

    first = wait_until(switches)
    return wait_until(lambda: switches() > first + 10, 10)


@pytest.fixture(name="full_pipe")
def _full_pipe():
    """A pipe that nobody has read for long: (its reader, its writer)."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    yield reader, writer
    os.close(reader)
    os.close(writer)


# Without a journal `journal` is something to be said at the start, before anything else.
@pytest.mark.parametrize("target, text", [("journal", ""), ("stderr", "thresold: 1h\n" * 99)],
                         ids=["no-journal", "mistakes"])
def test_a_reader_that_hangs_holds_nothing(namespace, tmp_path, full_pipe, target, text):
    if text:
        with written_to(namespace, tmp_path, subprocess.DEVNULL):
            wait_until(lambda: any((tmp_path / "state").glob("last-good*")))
    with written_to(namespace, tmp_path, full_pipe[1], target, config_text() + text) as process:
        polls(process.pid)


def test_a_reader_that_went_ends_nothing(namespace, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with written_to(namespace, tmp_path, writer, "journal") as process:
        os.close(writer)
        polls(process.pid)


def test_what_a_hanging_reader_gets_later_is_whole(namespace, tmp_path, full_pipe, listen):
    listen(PORT)
    with written_to(namespace, tmp_path, full_pipe[1]) as process:
        polls(process.pid)
        time.sleep(1.5)  # pause: longer than the threshold
        with open(full_pipe[0], "rb", closefd=False) as reader:
            words = []
            while "OVERSTAY" not in words:
                words.append(reader.readline().decode().lstrip("x").split()[0].lstrip("<0123456789>"))
        assert words == ["STARTED", "OVERSTAY"]


def test_what_a_full_disk_lost_is_counted(namespace, tmp_path, listen):
    log = tmp_path / "log"
    log.mkdir()
    harness.run("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", log)
    try:
        (log / "filler").write_bytes(b"x" * 4096)
        with open(log / "stderr", "ab") as stderr, written_to(namespace, tmp_path, stderr):
            time.sleep(1)  # pause: STARTED was written into nothing
            (log / "filler").unlink()
            listen(PORT)
            wait_until(lambda: "OVERSTAY" in (log / "stderr").read_text(encoding="utf-8"))
        text = (log / "stderr").read_text(encoding="utf-8")
        assert "STARTED" not in text
        assert "SUPPRESSED 1 messages could not be sent: No space left on device" in text
    finally:
        # overstay-lookup, which has the same standard error, ends by itself.
        wait_until(lambda: harness.run("umount", log, check=False).returncode == 0)


@pytest.mark.parametrize("limit", [
    "as=12582912", "as=20971520", "data=16777216", "nofile=8", "nofile=13", "nofile=17"])
def test_little_of_everything_is_an_error_or_degraded(namespace, tmp_path, limit):
    config = tmp_path / "overstay.yaml"
    config.write_text(config_text(), encoding="utf-8")
    with subprocess.Popen(
            ["prlimit", f"--{limit}", "--", OVERSTAYD, "-c", config, "--log-target=stderr"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            preexec_fn=namespace.enter,
            env={**os.environ, "STATE_DIRECTORY": str(tmp_path)}) as process:
        if not harness.ended(process, 1):
            process.terminate()
        said = process.communicate(timeout=15)[1]
    # Not by a signal.
    assert process.returncode in (0, 1, 127)
    if process.returncode == 0:
        assert "DEGRADED" in said or "cannot save" in said or "STARTED" in said, said
    else:
        assert "cannot" in said or "failed" in said or "Too many open files" in said, said
