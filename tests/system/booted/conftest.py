# SPDX-License-Identifier: MIT
"""The service as an administrator has it: installed, in a container booted for these tests."""
import os
import pathlib
import shutil
import subprocess

import pytest

import harness
from harness import BUILD, run


def pytest_configure():
    environment = pathlib.Path("/proc/1/environ").read_bytes().split(b"\0")
    if b"container=boot-systemd" not in environment:
        pytest.exit("these tests install things: only in a container of boot-systemd", 125)


CONFIG = pathlib.Path("/etc/overstay/overstay.yaml")
QUICK = """interval: 200ms
ranges: ["60000-60999"]
threshold: 1s
user: {threshold: 1s}
udp: {threshold: 1s}
grace: 500ms
log: {appeared: info, vanished: info, after: 500ms}
"""


@pytest.fixture(scope="session", autouse=True, name="installed")
def _installed():
    """What README tells to do, in that order."""
    # With sanitizers: a leak would be looked for by tracing, which the sandbox refuses.
    run("systemctl", "set-environment", "ASAN_OPTIONS=" + os.environ.get("ASAN_OPTIONS", ""))
    install()


def install():
    run("make", "-s", "-C", BUILD, "install", seconds=300)
    run("systemd-sysusers")
    run("journalctl", "--update-catalog")
    run("systemctl", "daemon-reload")


@pytest.fixture(name="service")
def _service(tmp_path):
    """service(config): overstayd.service started with that configuration; as new afterwards."""
    del tmp_path

    def start(config=QUICK):
        CONFIG.parent.mkdir(exist_ok=True)
        CONFIG.write_text(config, encoding="utf-8")
        run("systemctl", "start", "overstayd.service")
        return Service()

    CONFIG.unlink(missing_ok=True)
    yield start
    clean_up()


def confined():
    """A program that runs another confined as overstayd is; where every sandbox can see it."""
    program = pathlib.Path("/srv/confine")
    shutil.copy(f"{BUILD}/tests/system/confine", program)
    return str(program)


def mask_packaged_rules():
    """Takes the packaged rules out of the picture, as overstay.yaml(5) says how."""
    masks = CONFIG.parent / "rules.d"
    masks.mkdir(parents=True, exist_ok=True)
    for rules in pathlib.Path("/usr/share/overstay/rules.d").glob("*.yaml"):
        (masks / rules.name).unlink(missing_ok=True)
        (masks / rules.name).symlink_to("/dev/null")


def clean_up():
    """Stops the service and takes away what it leaves and what was set for it."""
    units = ("overstayd.service", "overstay-lookup.socket", "overstay-lookup.service",
             "overstay-names.socket", "overstay-names.service")
    run("systemctl", "stop", *units)
    run("systemctl", "reset-failed", *units, check=False)
    run("systemctl", "revert", *units, check=False)
    run("systemctl", "daemon-reload")
    run("rm", "-rf", "/var/lib/overstay", CONFIG.parent / "rules.d")


def show(unit, name):
    return run("systemctl", "show", "--property", name, "--value", unit).stdout.strip()


class Service:
    """The running service. Only what was said since its start is looked at."""

    def __init__(self):
        self.invocation = show("overstayd.service", "InvocationID")
        self.cursor = None

    @property
    def pid(self):
        return int(show("overstayd.service", "MainPID"))

    def entries(self, **fields):
        return harness.journal("_SYSTEMD_UNIT=overstayd.service", "SYSLOG_IDENTIFIER=overstayd",
                               f"_SYSTEMD_INVOCATION_ID={self.invocation}",
                               *(f"{name}={value}" for name, value in fields.items()))

    def wait_entry(self, seconds=20, **fields):
        return harness.wait_until(lambda: self.entries(**fields), seconds, fields)[0]


@pytest.fixture(name="start_as")
def _start_as():
    """See harness.started_as(): in the container's own network."""
    with harness.started_as() as start:
        yield start


@pytest.fixture(name="offender")
def _offender():
    """offender(port, name, ...): a web server of an ordinary user, a unit of its own."""
    started = []

    def start(port, name="offender", user="nobody"):
        run("systemd-run", "--quiet", f"--unit={name}", f"--uid={user}",
            "--working-directory=/usr/share", "/usr/bin/python3", "-m", "http.server", str(port))
        started.append(name)
        return f"{name}.service"

    yield start
    for name in started:
        run("systemctl", "stop", name, check=False)


@pytest.fixture(name="drop_in")
def _drop_in():
    """drop_in(unit, text): more settings for a unit, gone after the test."""
    made = []

    def add(unit, text):
        directory = pathlib.Path(f"/run/systemd/system/{unit}.d")
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "50-test.conf"
        path.write_text(text, encoding="utf-8")
        made.append(path)
        run("systemctl", "daemon-reload")

    yield add
    for path in made:
        path.unlink(missing_ok=True)
    subprocess.run(["systemctl", "daemon-reload"], check=True)
