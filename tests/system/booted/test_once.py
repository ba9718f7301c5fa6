# SPDX-License-Identifier: MIT
"""--once where every process can be searched: only there it is certain that nobody holds a socket."""
import json
import pathlib
import threading

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


def test_a_socket_unit_is_named_while_systemd_reloads(request):
    """PID 1's forks hold what PID 1 holds, and are no other owner."""
    units = {"alone.socket": f"[Socket]\nListenStream=127.0.0.1:{PORT}\n",
             "alone.service": "[Service]\nExecStart=/usr/bin/tail -f /dev/null\n",
             "other.socket": f"[Socket]\nListenStream=127.0.0.1:{PORT + 1}\nService=served.service\n",
             "served.service": "[Service]\nExecStart=/usr/bin/tail -f /dev/null\n"}
    for name, text in units.items():
        pathlib.Path("/run/systemd/system", name).write_text(text, encoding="utf-8")
    stop = threading.Event()

    def reload():
        while not stop.is_set():
            run("systemctl", "daemon-reload")

    reloading = threading.Thread(target=reload)

    def clean_up():
        stop.set()
        reloading.join()
        run("systemctl", "stop", *units)
        for name in units:
            pathlib.Path("/run/systemd/system", name).unlink()
        run("systemctl", "daemon-reload")

    run("systemctl", "daemon-reload")
    run("systemctl", "start", "alone.socket", "other.socket", "served.service")
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(QUICK, encoding="utf-8")
    reloading.start()
    request.addfinalizer(clean_up)
    seen, forks = set(), 0
    for _ in range(100):
        rows = json.loads(run(OVERSTAYD, "--once", "--json").stdout)["listeners"]
        seen |= {(row["port"], row["comm"], row["unit"], row["class"]) for row in rows}
        forks += sum(row["holders"] > 1 for row in rows if row["port"] == PORT)
    assert seen == {(PORT, "systemd", "alone.socket", "service"),
                    (PORT + 1, "tail", "served.service", "service")}
    assert forks > 0, "no lookup came while a fork held the socket"
