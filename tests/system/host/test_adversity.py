# SPDX-License-Identifier: MIT
"""No root, no journal, no room on the disk, and processes that lie."""
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

import harness
from harness import config_text

PORT = 50001
NOBODY = 65534


@pytest.mark.parametrize("comm, arguments", [
    ("\n<0>OVERSTAY x", ["a\nOVERSTAY tcp 1.2.3.4:50009 forged", "\x1b[2J\x1b]0;x\x07"]),
    ("\udcff\udcfe", ["\udcc3(", "\u202e", "\udcff\udc80"]),
    ("", ["x" * 100000]),
    ("%s%n%s", ["--password=hunter2", "token=geheim", "--api-key", "s3cr3t"]),
])
def test_hostile_processes_stay_one_line(daemon, listener_process, comm, arguments):
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    listener = listener_process(PORT, comm=comm, arguments=arguments)
    line = watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")
    assert f"[{listener.pid}" in line
    assert len(line) < 4096
    line.encode("utf-8")  # Nothing that is not UTF-8 got through.
    assert not any(ord(character) < 32 or ord(character) == 127 for character in line)
    for secret in ("hunter2", "geheim", "s3cr3t"):
        assert secret not in line
    assert watch.stop() == 0
    assert watch.count("^(?!<[0-7]>)") == 0, "every line has its prefix"
    assert watch.count("^<[0-7]>OVERSTAY") == 1
    assert watch.count("forged") <= watch.count("^<[0-7]>(APPEARED|OVERSTAY|ENDED|VANISHED)")


def test_without_root_owners_of_others_are_unknown(daemon, listener_process, public):
    listener_process(PORT)
    state = public / "nobody"
    state.mkdir()
    os.chown(state, NOBODY, NOBODY)
    watch = daemon(config_text(), user=NOBODY, namespace=None, state=state, directory=public,
                   program=shutil.copy(harness.OVERSTAYD, public))
    watch.wait_line("STARTED")
    assert watch.stop() == 0


def test_without_a_journal_auto_means_stderr(listen, namespace, tmp_path):
    config = tmp_path / "overstay.yaml"
    config.write_text(config_text(), encoding="utf-8")
    listen(PORT)
    process = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c",
         'mount -t tmpfs tmpfs /run && exec "$0" -c "$1"', harness.OVERSTAYD, config],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=namespace.enter)
    try:
        for line in process.stderr:
            if line.startswith("<4>OVERSTAY"):
                break
        else:
            raise AssertionError("no OVERSTAY on stderr")
    finally:
        process.terminate()
        assert process.wait(timeout=15) == 0
        process.stderr.close()


def test_full_disk_for_the_state(daemon, listen, tmp_path):
    state = tmp_path / "full"
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=700", "tmpfs", state], check=True)
    try:
        (state / "filler").write_bytes(b"x" * 4096)
        watch = daemon(config_text(), state=state)
        watch.wait_line("STARTED")
        watch.wait_line("DEGRADED state")
        listen(PORT)
        watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")
        (state / "filler").unlink()
        watch.send(signal.SIGHUP)
        watch.wait_line("RECOVERED state")
        assert watch.stop() == 0
    finally:
        subprocess.run(["umount", state], check=True)


def test_missing_state_directory(daemon, listen, tmp_path):
    none = tmp_path / "none"
    watch = daemon(config_text(), environment={"STATE_DIRECTORY": str(none)})
    watch.wait_line("DEGRADED state")
    watch.wait_line(f"DEGRADED store: cannot save to {none}/overstay.db: No such file")
    listen(PORT)
    watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")
    none.mkdir()
    watch.wait_line("RECOVERED store")


def test_closed_stderr_is_survived(namespace, listen, tmp_path):
    config = tmp_path / "overstay.yaml"
    config.write_text(config_text(), encoding="utf-8")
    process = subprocess.Popen([harness.OVERSTAYD, "-c", config, "--log-target=stderr"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               preexec_fn=namespace.enter)
    try:
        assert b"STARTED" in process.stderr.readline()
        process.stderr.close()
        listen(PORT)
        # Twice what an alert takes: it has been written to nobody by then.
        assert not harness.ended(process, 3)
    finally:
        process.terminate()
        assert process.wait(timeout=15) == 0


def test_capabilities_are_dropped(daemon):
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    lookup = harness.wait_until(watch.lookup_pid)

    def status(pid):
        lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def capabilities(pid):
        # The poll-up locks itself before it reads anything, which need not be before STARTED.
        harness.wait_until(lambda: status(pid)["NoNewPrivs"] == "1", 15)
        fields = status(pid)
        return {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}

    none = "0" * 16
    assert capabilities(watch.pid) == {none}
    # CAP_DAC_READ_SEARCH is 2, CAP_SYS_PTRACE 19.
    assert capabilities(lookup) <= {none, f"{1 << 2 | 1 << 19:016x}"}
    assert not status(lookup)["Uid"].startswith("0\t")


def test_idle_daemon_holds_few_descriptors(daemon, listen):
    watch = daemon(config_text())
    watch.wait_line("STARTED")

    def held():
        return len(os.listdir(f"/proc/{watch.pid}/fd"))

    first = harness.wait_until(held)
    for _ in range(20):
        listen(0).close()
    for count in range(1, 6):
        watch.send(signal.SIGHUP)
        watch.wait_line("^<5>CONFIG", count=count)
    harness.wait_until(lambda: held() <= first + 1, what="no descriptor is left open")
