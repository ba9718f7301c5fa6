# SPDX-License-Identifier: MIT
"""Polls that cost too much come more seldom, and it is said; when they are cheap again, that, too."""
import subprocess

import harness
from harness import config_text

USER = 61001
COUNT = 12000

# Opens COUNT listeners, in the order of their ports, until the end of its input.
MANY = """
import resource, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
for port in range(32768, 32768 + int(sys.argv[1])):
    made = socket.socket()
    made.bind(("127.0.0.1", port))
    made.listen(1)
    held.append(made)
print("ready", flush=True)
sys.stdin.read()
"""


def test_dear_polls_come_more_seldom(daemon, namespace):
    # Polls of so many listeners take more than a hundredth of a core only where they are frequent.
    watch = daemon(config_text(ranges='["32768-60999"]', interval="100ms", threshold="1h",
                               log="{appeared: 'off', vanished: 'off'}"))
    watch.wait_line("STARTED")
    many = subprocess.Popen(
        ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
         "/usr/bin/python3", "-c", MANY, str(COUNT)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=namespace.enter)
    try:
        assert many.stdout.readline() == b"ready\n"
        line = watch.wait_line("DEGRADED interval", 60)
        assert "instead of 100ms" in line, line
    finally:
        harness.end([many])
    assert "100ms again" in watch.wait_line("RECOVERED interval", 60)
