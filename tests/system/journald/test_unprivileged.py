# SPDX-License-Identifier: MIT
"""overstayd by hand, by a user who may not empty the bounding set, beside a real journald."""
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

OVERSTAYD = pathlib.Path(os.environ.get("OVERSTAY_BUILD", ""), "overstayd")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def entries(*arguments):
    subprocess.run(["journalctl", "--sync"], check=True, timeout=60)
    done = subprocess.run(["journalctl", "-q", "-o", "json", *arguments], check=True, timeout=60,
                          stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_nothing_is_logged_as_an_error(tmp_path):
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    program = shutil.copy(OVERSTAYD, tmp_path / "overstayd")
    with subprocess.Popen(["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", program],
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while not entries("_UID=12345", "OVERSTAY_EVENT=started"):
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.05)  # poll
        process.terminate()
        assert process.wait(timeout=60) == 0
    found = entries("_UID=12345")
    assert {"started", "stopped"} <= {entry.get("OVERSTAY_EVENT") for entry in found}
    assert not [entry["MESSAGE"] for entry in found if int(entry["PRIORITY"]) <= 3]
