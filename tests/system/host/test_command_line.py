# SPDX-License-Identifier: MIT
"""The command line, and the exit codes."""
import subprocess

import pytest

from harness import LOOKUP, NAMES, OVERSTAYD, run


@pytest.mark.parametrize("arguments, status", [
    (["--version"], 0),
    (["--help"], 0),
    (["--nonsense"], 2),
    (["--json"], 2),
    (["--raw"], 2),
    (["--noheadings"], 2),
    (["--output=PORT"], 2),
    (["--once", "--output="], 2),
    (["--once", "--output=PORT,"], 2),
    (["--once", "--json", "--raw"], 2),
    (["--once", "--json", "--noheadings"], 2),
    (["--once", "--check"], 2),
    (["--dump-config", "--once"], 2),
    (["--once", "--help"], 0),
    (["--help", "--once"], 0),
    (["--log-target=printer"], 2),
    (["word"], 2),
    (["--strict"], 2),
    (["--once", "--strict"], 2),
    (["--root=/"], 2),
    (["--once", "--root=/"], 2),
    (["--check", "--root="], 2),
    (["--check", "--root"], 2),
    (["--strict", "--help"], 0),
    (["-c"], 2),
    (["-c", "/nonexistent", "--check"], 2),
    (["-c", "/nonexistent", "--dump-config"], 2),
])
def test_exit_codes(arguments, status):
    done = run(OVERSTAYD, *arguments, check=False)
    assert done.returncode == status
    assert (done.stdout if status == 0 else done.stderr) != ""
    assert (done.stderr if status == 0 else done.stdout) == ""


@pytest.mark.parametrize("arguments, status", [
    (["--version"], 0), (["--help"], 0), ([], 2), (["--fd", "x"], 2), (["--fd", "1"], 2),
    (["--fd", "77"], 1), (["word"], 2),
])
def test_exit_codes_of_the_lookup(arguments, status):
    assert run(LOOKUP, *arguments, check=False).returncode == status


@pytest.mark.parametrize("program", [OVERSTAYD, LOOKUP, NAMES])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_output_that_nobody_gets_is_an_error(program, option):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([program, option], stdout=full, stderr=subprocess.PIPE, timeout=60,
                              check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(b"cannot write: No space left on device\n")


def test_without_a_journal_it_says_that_messages_wait(daemon):
    """Else somebody who waits for a message waits for ever."""
    daemon("", target="journal").wait_line(
        "^<4>overstayd: there is no journal: messages wait until there is one$")
