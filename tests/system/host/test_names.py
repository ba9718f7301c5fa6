# SPDX-License-Identifier: MIT
"""Users and groups by name: what the host lacks, what hangs, what is dead. By hand."""
import os
import shutil
import signal
import time

import pytest

from harness import LOOKUP, NAMES, OVERSTAYD, config_text, run

PORT = 50001
LACKING = "no-such-user-here"


def allow(match):
    return ("rules:\n  - name: the test's own\n"
            f"    match: {{port: {PORT}, {match}}}\n    action: allow\n")


@pytest.fixture(name="programs")
def _programs(public):
    """programs(names): overstayd with an overstay-names of the test's, where everybody may go."""
    for program in (OVERSTAYD, LOOKUP):
        shutil.copy(program, public)

    def make(names):
        if names is None:
            shutil.copy(NAMES, public)
        else:
            (public / "overstay-names").write_text(f"#!/bin/sh\n{names}\n", encoding="ascii")
            (public / "overstay-names").chmod(0o755)
        return public / "overstayd"

    return make


# Answers no question, until the connection ends.
HANGS = ("exec /usr/bin/python3 -c 'import select; held = select.poll(); held.register(3, 0); "
         "held.poll()'")
DEAD = "exit 1"


def write(path, text):
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return path


def where(path):
    """The place of the rule's match, as messages begin with it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return f"{path.name}:{next(i for i, line in enumerate(lines, 1) if 'match:' in line)}:"


def test_a_name_that_the_host_lacks_is_one_note(tmp_path):
    path = write(tmp_path / "x.yaml", config_text(rules=allow(
        f'user: [{LACKING}, rooot, root, "@{LACKING}", 4242], not: {{user: {LACKING}}}')))
    done = run(OVERSTAYD, "--check", path)
    line, = done.stderr.splitlines()
    assert line.startswith("note: 3 names unknown here: ")
    place = where(path)
    for word in (f'"{LACKING}" ({place}', f'"rooot" ({place}', 'did you mean "root"?',
                 f'"@{LACKING}" ({place}'):
        assert word in line, line
    done = run(OVERSTAYD, "--check", path, "--strict", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: 3 names unknown here: ")
    path.write_text(config_text(rules=allow("user: root")), encoding="utf-8")
    assert run(OVERSTAYD, "--check", path, "--strict").stderr == ""


def test_the_same_as_an_ordinary_user(programs, tmp_path):
    program = programs(None)
    path = write(tmp_path / "x.yaml", config_text(rules=allow(f"user: [root, {LACKING}]")))
    shutil.copy(path, program.parent)
    done = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "--check",
               program.parent / "x.yaml")
    assert done.stderr.startswith("note: 1 name unknown here: ")


@pytest.mark.parametrize("match", [
    f"user: [{LACKING}, root]",
    f"not: {{user: [{LACKING}]}}",
    f'user: root, not: {{user: ["@{LACKING}"]}}'])
def test_the_other_entries_hold(daemon, listen, match):
    watch = daemon(config_text(rules=allow(match)))
    assert LACKING in watch.wait_line("^<6>CONFIG 1 name unknown here: ")
    listen(PORT)
    listen(PORT + 1)
    watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT + 1}")
    assert watch.count(f"OVERSTAY tcp 127.0.0.1:{PORT}\\b") == 0


def test_it_matches_nobody(daemon, listen):
    watch = daemon(config_text(rules=allow(f"user: {LACKING}")))
    listen(PORT)
    watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")


def test_it_comes_at_a_reload(daemon, listen):
    watch = daemon(config_text(rules=allow(f"user: {LACKING}")))
    watch.wait_line("STARTED")
    listen(PORT)
    watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")
    watch.config.write_text(config_text(rules=allow(f"user: [{LACKING}, root]")),
                            encoding="utf-8")
    watch.send(signal.SIGHUP)
    watch.wait_line("^<5>CONFIG reloaded")
    watch.wait_line("^<6>CONFIG 1 name unknown here: ", count=2)
    watch.wait_line(f"CLEARED tcp 127.0.0.1:{PORT}")


@pytest.mark.parametrize("names, seconds", [(HANGS, 20), (DEAD, 5)])
def test_check_is_bounded(programs, tmp_path, names, seconds):
    path = write(tmp_path / "x.yaml", config_text(rules=allow('user: [root, "@root"]')))
    program = programs(names)
    begun = time.monotonic()
    done = run(program, "--check", path)
    assert time.monotonic() - begun < seconds
    assert done.stderr.startswith(
        f'note: 2 names not resolved, overstay-names gave no answer: "root" ({where(path)}')
    assert run(program, "--check", "--strict", path, check=False).returncode == 2
    # Nothing is asked where nothing is named.
    path.write_text(config_text(rules=allow("user: 0")), encoding="utf-8")
    begun = time.monotonic()
    assert run(program, "--check", path).stderr == ""
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("names", [HANGS, DEAD])
def test_alerts_come_with_numbers(programs, daemon, listener_process, names):
    watch = daemon(config_text(rules=allow("user: root")), program=programs(names))
    assert '"root"' in watch.wait_line("^<4>CONFIG 1 name not resolved")
    watch.wait_line("STARTED")
    begun = time.monotonic()
    listener = listener_process(PORT)
    line = watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")
    assert f"[{listener.pid}" in line and "of uid 0" in line
    assert time.monotonic() - begun < 8
    # The loop has waited for nothing, and the end comes at once.
    begun = time.monotonic()
    assert watch.stop() == 0
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("names", [HANGS, DEAD])
def test_once_is_bounded(programs, namespace, listen, tmp_path, names):
    path = write(tmp_path / "x.yaml", config_text(rules=allow("user: root")))
    listen(PORT)
    begun = time.monotonic()
    done = run(programs(names), "-c", path, "--once", "--raw", "--output=port,user,uid",
               preexec_fn=namespace.enter, check=False)
    assert time.monotonic() - begun < 15
    assert done.returncode == 1 and "1 name not resolved" in done.stderr
    assert done.stdout.split("\n")[-2].split() == [str(PORT), "-", "0"]


def test_a_death_is_survived(daemon, listener_process):
    watch = daemon(config_text(rules=allow("user: root, exe: /nonexistent")))
    watch.wait_line("STARTED")
    for pid in watch.children("overstay-names"):
        os.kill(pid, signal.SIGKILL)
    listener_process(PORT)
    assert "of uid 0" in watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")
    # What was known is known.
    watch.config.write_text(config_text(rules=allow("user: root")), encoding="utf-8")
    watch.send(signal.SIGHUP)
    watch.wait_line(f"CLEARED tcp 127.0.0.1:{PORT}")
    assert watch.stop() == 0
