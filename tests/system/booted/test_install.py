# SPDX-License-Identifier: MIT
"""README's commands to install, upgrade and remove the service, with what they leave behind."""
import os
import pathlib
import re
import shutil

import pytest

import conftest
import harness
from conftest import CONFIG, QUICK, show
from harness import BUILD, SOURCE, run, wait_until

PORT = 60855
PROGRAMS = {"overstayd.service": "/usr/sbin/overstayd",
            "overstay-lookup.service": "/usr/libexec/overstay/overstay-lookup",
            "overstay-names.service": "/usr/libexec/overstay/overstay-names"}
SITE = CONFIG.parent / "conf.d" / "site.yaml"
SHIPPED = pathlib.Path("/usr/share/overstay/overstay.yaml")


def as_told(section, umask="022"):
    """Types the commands of a section of README; here is no sudo, and the build is another."""
    text = (SOURCE / "README").read_text(encoding="utf-8")
    text = re.search(rf"^{section}\n-+\n(.*?)(^-+\n|\Z)", text, re.MULTILINE | re.DOTALL)[1]
    commands = re.findall(r"^    \$ (?:sudo )?(.*)$", text, re.MULTILINE)
    assert commands
    for command in commands:
        command = command.replace("-C build/quickstart", f"-s -C '{BUILD}'")
        run("sh", "-c", f"umask {umask}; {command}", seconds=300)


def traces():
    """All files and directories with our name in the path, but for the tests' own."""
    found = run("find", "/etc", "/run", "/usr", "/var/lib", "-xdev", "-path", "*overstay*").stdout
    own = (str(SOURCE), str(BUILD), os.environ["OVERSTAY_RESULTS"])
    return {path for path in found.splitlines() if not path.startswith(own)}


def main_pids():
    return {unit: int(show(unit, "MainPID")) for unit in PROGRAMS}


@pytest.fixture(name="bare")
def _bare():
    """Before the test nothing of ours is there; after it all is as the other tests want it."""
    run("systemctl", "stop", "overstayd.service")
    run("make", "-s", "-C", BUILD, "uninstall")
    for directory in ("/etc/overstay", "/usr/share/overstay", "/usr/libexec/overstay"):
        shutil.rmtree(directory, ignore_errors=True)
    run("systemctl", "daemon-reload")
    yield
    run("systemctl", "disable", "--now", "overstayd.service", check=False)
    conftest.install()
    conftest.clean_up()
    shutil.rmtree(SITE.parent, ignore_errors=True)


def watched(offender):
    """The installed service with quick settings has raised an alert, its owner known."""
    SITE.write_text(QUICK, encoding="utf-8")
    run("systemctl", "restart", "overstayd.service")
    offender(PORT)
    one = conftest.Service()
    return one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_OWNER="process")


@pytest.mark.parametrize("umask", ["027", "077"])
def test_installed_under_a_narrow_umask(bare, offender, umask):
    del bare
    as_told("Install it as a service", umask)
    watched(offender)
    mine = sorted(path for path in traces() if not path.startswith(("/var/lib/", "/run/")))
    assert set(PROGRAMS.values()) | {str(CONFIG), str(SHIPPED)} <= set(mine)
    # By an ordinary user: the configuration and --check, the manuals, the catalogue.
    done = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "find", *mine,
               "-maxdepth", "0", "!", "-readable")
    assert done.stdout == "" and done.stderr == ""
    for command in (("overstayd", "--check"), ("journalctl", "--list-catalog")):
        run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command)
    # No directory that had to be made is for root alone, up to the first.
    stage = pathlib.Path("/var/tmp/stage")
    run("sh", "-c", f"umask {umask}; make -s -C '{BUILD}' install DESTDIR={stage}/root")
    stage.chmod(0o755)
    closed = run("find", stage / "root", "!", "-perm", "-444", "-o", "-type", "d", "!", "-perm",
                 "-111").stdout
    shutil.rmtree(stage)
    assert closed == ""


def test_upgrade_runs_the_new_programs(bare, offender):
    del bare
    as_told("Install it as a service")
    alert = watched(offender)
    # Of an older version, and unedited; another file is the administrator's.
    for file in (CONFIG, SHIPPED):
        file.write_text("# older\n", encoding="utf-8")
    wait_until(lambda: all(main_pids().values()))
    before = main_pids()
    as_told("Upgrade")
    wait_until(lambda: all(main_pids().values()))
    for unit, pid in main_pids().items():
        assert not os.path.exists(f"/proc/{before[unit]}"), unit
        assert os.path.samefile(f"/proc/{pid}/exe", PROGRAMS[unit])
    told = [entry["OVERSTAY_EVENT"] for entry in harness.journal(
        "SYSLOG_IDENTIFIER=overstayd", cursor=alert["__CURSOR"]) if "OVERSTAY_EVENT" in entry]
    assert "started" in told and "degraded" not in told
    assert CONFIG.read_bytes() == SHIPPED.read_bytes() == (SOURCE / "conf/overstay.yaml").read_bytes()
    assert SITE.read_text(encoding="utf-8") == QUICK
    # An edited one stays.
    CONFIG.write_text("# edited\n", encoding="utf-8")
    as_told("Upgrade")
    assert CONFIG.read_text(encoding="utf-8") == "# edited\n"


def test_removed_leaves_the_state_and_what_was_changed(bare, offender):
    del bare
    as_told("Install it as a service")
    watched(offender)
    wait_until(lambda: all(main_pids().values()))
    before = main_pids()
    # A unit that failed would be kept in mind.
    os.kill(before["overstay-lookup.service"], 9)
    wait_until(lambda: show("overstay-lookup.service", "ActiveState") == "failed")
    as_told("Remove")
    assert not any(os.path.exists(f"/proc/{pid}") for pid in before.values())
    left = {path for path in traces() if not path.startswith("/var/lib/overstay/")}
    assert left == {"/var/lib/overstay", "/etc/overstay", "/etc/overstay/conf.d", str(SITE)}
    for listing in ("list-units", "list-unit-files"):
        listed = run("systemctl", listing, "--all", "--no-legend", "overstay*", check=False)
        assert listed.stdout == ""
    assert "overstay" not in run("journalctl", "--list-catalog").stdout
    for user in ("overstay", "overstay-names"):
        assert run("getent", "passwd", user).stdout
    # Nothing of the administrator's: all of /etc/overstay goes.
    as_told("Install it as a service")
    SITE.unlink()
    as_told("Remove")
    assert not os.path.exists("/etc/overstay")
