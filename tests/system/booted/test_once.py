# SPDX-License-Identifier: MIT
"""--once where every process can be searched: only there it is certain that nobody holds a socket."""
import json

from conftest import CONFIG, QUICK
from harness import OVERSTAYD, run

PORT = 60001
# A socket that is under way between two others is no process's.
PROGRAM = f"""
import socket, subprocess
made = socket.socket()
made.bind(("127.0.0.1", {PORT}))
made.listen(8)
here, there = socket.socketpair()
socket.send_fds(here, [b"x"], [made.fileno()])
made.close()
subprocess.run(["{OVERSTAYD}", "--once", "--json"], check=True)
"""


def test_a_socket_nobody_holds_is_looked_up_again():
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(QUICK, encoding="utf-8")
    done = run("systemd-run", "--quiet", "--pipe", "--wait", "/usr/bin/python3", "-c", PROGRAM)
    whole = json.loads(done.stdout)
    assert whole["complete"] and done.stderr == ""
    row, = [row for row in whole["listeners"] if row["port"] == PORT]
    assert (row["owner"], row["owner_reason"]) == ("unknown", "no-process")
    assert (row["class"], row["reasons"]) == ("suspect", ["no-owner"])
    assert row["unit"].startswith("run-") and row["pid"] is None
