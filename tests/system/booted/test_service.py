# SPDX-License-Identifier: MIT
"""The service under a real systemd: start, alert, reload, watchdog, lookup, stop."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

import harness
from conftest import CONFIG, QUICK, show
from harness import run, wait_until

PORT = 60855
UNITS = ("overstayd.service", "overstay-lookup.service", "overstay-names.service")
SOCKETS = ("overstay-lookup.socket", "overstay-names.socket")


def test_verify_says_nothing():
    for unit in (*UNITS, *SOCKETS):
        done = run("systemd-analyze", "verify", "--man=no", unit)
        assert done.stderr == "" and done.stdout == "", unit


def test_exposure_is_at_most_2():
    for unit in UNITS:
        run("systemd-analyze", "security", "--no-pager", "--threshold=20", unit)


def test_manuals_are_where_the_units_say():
    for unit in (*UNITS, *SOCKETS):
        for page in show(unit, "Documentation").replace('"', "").split():
            name, section = re.fullmatch(r"man:(.*)\((\d)\)", page).groups()
            path = pathlib.Path(f"/usr/share/man/man{section}/{name}.{section}")
            assert path.exists(), page


def test_start_waits_until_it_watches(service):
    one = service()
    assert show("overstayd.service", "ActiveState") == "active"
    assert one.wait_entry(OVERSTAY_EVENT="started")
    status = run("systemctl", "status", "--no-pager", "overstayd.service").stdout
    line = next(text for text in status.splitlines() if "Status:" in text)
    for word in ("60000-60999", "0 listeners", "config"):
        assert word in line, line
    checksum = run("sh", "-c", "overstayd --dump-config | grep -v '^ *#' | sha256sum").stdout[:16]
    assert checksum in line
    assert one.entries(OVERSTAY_CONFIG=checksum)


def test_messages_are_numbered_without_a_gap(service, offender):
    one = service()
    offender(PORT)
    one.wait_entry(OVERSTAY_EVENT="overstay")
    numbers = [int(entry["OVERSTAY_NUMBER"]) for entry in one.entries()]
    assert len(numbers) > 1
    assert numbers == list(range(1, len(numbers) + 1))


def test_advice_is_for_services(service, offender):
    one = service()
    offender(PORT)
    advice = one.wait_entry(OVERSTAY_EVENT="advice", OVERSTAY_PORT=PORT)
    assert advice["OVERSTAY_UNIT"] == "offender.service"
    assert re.search(rf"\b{PORT}\b", advice["OVERSTAY_ADVICE"])


def test_an_owner_is_reported_once(service, offender):
    """The same program in the same unit, restarted on other ports."""
    one = service()
    offender(PORT)
    first = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT)
    run("systemctl", "stop", "offender")
    one.wait_entry(OVERSTAY_EVENT="ended", OVERSTAY_PORT=PORT)
    offender(PORT + 1)
    second = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT + 1)
    assert (first["PRIORITY"], second["PRIORITY"]) == ("4", "6")
    assert first["OVERSTAY_GROUP"] == second["OVERSTAY_GROUP"]
    assert re.fullmatch("[0-9a-f]{32}", first["OVERSTAY_GROUP"])


def test_when_a_port_was_last_used(service, offender):
    """By the surveys; of one that nobody is connected to, nothing is said."""
    one = service(QUICK.replace("threshold: 1s", "threshold: 2s") + "survey: 500ms\n")
    before = time.time()
    offender(PORT)
    offender(PORT + 1, name="offender-idle")
    harness.wait_until(lambda: run("ss", "-tlnH").stdout.count(f":{PORT}") > 0)
    with socket.create_connection(("127.0.0.1", PORT)):
        used = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT)
    idle = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT + 1)
    last = int(used["OVERSTAY_LAST_USED_USEC"]) / 1e6
    # It is the whole second in which that survey began, which may have been before the listener.
    assert before - 2 <= last <= time.time()
    assert "OVERSTAY_LAST_USED_USEC" not in idle


def test_alert_is_found_by_unit_by_field_and_by_offender(service, offender):
    one = service()
    unit = offender(PORT)
    alert = one.wait_entry(OVERSTAY_EVENT="overstay")
    by_field = harness.journal(f"OVERSTAY_PORT={PORT}", "OVERSTAY_EVENT=overstay")
    assert alert["__CURSOR"] in [entry["__CURSOR"] for entry in by_field]
    by_unit = run("journalctl", "--no-pager", "-o", "cat", "-u", "overstayd").stdout
    assert alert["MESSAGE"] in by_unit
    by_identifier = run("journalctl", "--no-pager", "-o", "cat", "-t", "overstayd").stdout
    assert alert["MESSAGE"] in by_identifier
    by_offender = run("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout
    assert alert["MESSAGE"] in by_offender
    assert alert["MESSAGE"].startswith(f"OVERSTAY tcp 0.0.0.0:{PORT} ")
    assert "http.server" in alert["OVERSTAY_CMDLINE"]
    pid = show(unit, "MainPID")
    expected = {
        "PRIORITY": "4", "OVERSTAY_PROTOCOL": "tcp", "OVERSTAY_ADDRESS": "0.0.0.0",
        "OVERSTAY_PORT": str(PORT), "OVERSTAY_EXPOSURE": "any", "OVERSTAY_CHOICE": "asked",
        "OVERSTAY_OWNER": "process", "OVERSTAY_PID": pid, "OVERSTAY_COMM": "python3",
        "OVERSTAY_USER": "nobody", "OVERSTAY_UID": "65534", "OVERSTAY_UNIT": unit,
        "OVERSTAY_THRESHOLD_USEC": "1000000", "OVERSTAY_RANGE": "explicit",
        "OVERSTAY_STATE": "overstaying", "_UID": "0", "OBJECT_SYSTEMD_UNIT": unit,
        "_CAP_EFFECTIVE": "0",
    }
    assert {name: alert.get(name) for name in expected} == expected
    assert alert["OVERSTAY_EXE"].startswith("/usr/bin/python3")
    assert int(alert["OVERSTAY_AGE_USEC"]) >= 1000000
    explained = run("journalctl", "--no-pager", "-x", "-o", "short",
                    f"__CURSOR={alert['__CURSOR']}", check=False).stdout
    explained = explained or run("journalctl", "--no-pager", "-x", "-u", "overstayd").stdout
    assert "-- Subject:" in explained or "░░ Subject:" in explained


def test_a_forged_message_is_not_the_units(service, offender):
    """Anyone may log under the identifier, with all fields; not as the unit, and not as root."""
    one = service()
    offender(PORT)
    alert = one.wait_entry(OVERSTAY_EVENT="overstay")
    forged = ("MESSAGE=SUSPECT forged\nSYSLOG_IDENTIFIER=overstayd\nOVERSTAY_EVENT=overstay\n"
              "_UID=0\nOBJECT_SYSTEMD_UNIT=overstayd.service\n")
    subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", "logger", "--journald"],
                   input=forged, text=True, timeout=60, check=True)

    def shown(*matches):
        run("journalctl", "--sync")
        return run("journalctl", "--no-pager", "-o", "cat", *matches).stdout

    harness.wait_until(lambda: "SUSPECT forged" in shown("-t", "overstayd"))
    assert "SUSPECT forged" in shown("OVERSTAY_EVENT=overstay")
    for matches in (["-u", "overstayd"], ["OVERSTAY_EVENT=overstay", "_UID=0"]):
        assert alert["MESSAGE"] in shown(*matches)
        assert "SUSPECT forged" not in shown(*matches)
    assert alert["MESSAGE"] in shown("--facility=daemon", "-u", "overstayd")


def test_a_digest_carries_its_entries(service, offender):
    """For who collects warnings only: the entries of the listeners are at info."""
    for port in (PORT, PORT + 1):
        offender(port, name=f"offender-{port}")
        harness.wait_until(lambda port=port: f":{port}" in run("ss", "-tlnH").stdout)
    one = service()
    digest = wait_until(lambda: [entry for entry in one.entries(OVERSTAY_EVENT="overstay")
                                 if "OVERSTAY_COUNT" in entry], 20)[0]
    items = json.loads(digest["OVERSTAY_ITEMS"])
    assert digest["OVERSTAY_COUNT"] == "2" and "OVERSTAY_ITEMS_OMITTED" not in digest
    # The digest, and an entry for each.
    told = wait_until(lambda: one.entries(OVERSTAY_EVENT="overstay")[2:] and
                      one.entries(OVERSTAY_EVENT="overstay"), 20)
    assert len(told) == 3 and len(items) == 2
    for entry in [entry for entry in told if "OVERSTAY_STAY" in entry]:
        item, = [item for item in items if item["stay"] == entry["OVERSTAY_STAY"]]
        assert entry["PRIORITY"] == "6"
        for key in ("severity", "protocol", "address", "port", "class", "pid", "exe", "uid",
                    "user", "unit", "owner", "exposure"):
            assert str(item[key]) == entry["OVERSTAY_" + key.upper()], key


def test_heartbeat_says_how_well_it_watches(service):
    one = service(QUICK + "heartbeat: {every: 10s, severity: info}\nremind: never\n")
    started = one.wait_entry(OVERSTAY_EVENT="started")
    beat = one.wait_entry(OVERSTAY_EVENT="heartbeat")
    assert beat["PRIORITY"] == "6" and beat["SYSLOG_FACILITY"] == "3"
    assert beat["OVERSTAY_VERSION"] == started["OVERSTAY_VERSION"]
    assert beat["OVERSTAY_CONFIG"] == started["OVERSTAY_CONFIG"]
    assert beat["OVERSTAY_EVERY_USEC"] == "10000000"
    assert int(beat["OVERSTAY_POLLS_DONE"]) > 0 and "OVERSTAY_CONDITIONS" not in beat
    second = wait_until(lambda: [entry for entry in one.entries(OVERSTAY_EVENT="heartbeat")
                                 if entry["__CURSOR"] != beat["__CURSOR"]], 20)[0]
    # A poll every 200ms at the latest, 1.71 times as many on average.
    assert 48 <= int(second["OVERSTAY_POLLS_DONE"]) + int(second["OVERSTAY_POLLS_MISSED"]) <= 110
    explained = run("journalctl", "--no-pager", "-x", "-o", "short",
                    "OVERSTAY_EVENT=heartbeat").stdout
    assert "Subject: overstayd watches this host" in explained


def test_one_by_hand_says_that_the_service_runs(service, tmp_path):
    config = tmp_path / "overstay.yaml"
    config.write_text(QUICK, encoding="utf-8")

    def by_hand(*options, wrapper=()):
        """What it wrote to stderr until it watched; its log may be the journal."""
        said = tmp_path / "stderr"
        with said.open("wb") as stderr, subprocess.Popen(
                [*wrapper, "/usr/sbin/overstayd", "-c", config, *options],
                stdin=subprocess.DEVNULL, stderr=stderr) as process:
            try:
                wait_until(lambda: "STARTED" in said.read_text(encoding="utf-8") or
                           harness.journal(f"_PID={process.pid}", "OVERSTAY_EVENT=started"))
            finally:
                process.terminate()
        return said.read_text(encoding="utf-8")

    said = "overstayd.service is running too: every alert will be logged twice"
    assert said not in by_hand()
    one = service()
    assert said in by_hand()
    # Not if nothing is logged twice: written to stderr alone, or another network namespace.
    assert said not in by_hand("--log-target=stderr")
    assert said not in by_hand(wrapper=("unshare", "--net"))
    # It was only asked: the service goes on, and a stopped one is not there.
    assert show("overstayd.service", "ActiveState") == "active" and one.pid > 0
    run("systemctl", "stop", "overstayd.service")
    assert said not in by_hand()


def test_the_service_says_that_one_by_hand_runs(service, tmp_path):
    config = tmp_path / "overstay.yaml"
    config.write_text(QUICK, encoding="utf-8")
    with subprocess.Popen(["/usr/sbin/overstayd", "-c", config], stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as by_hand:
        try:
            wait_until(lambda: harness.journal(f"_PID={by_hand.pid}", "OVERSTAY_EVENT=started"))
            one = service()
            said = f"another overstayd [{by_hand.pid}] is running too: "
            assert [entry for entry in harness.journal(f"_PID={one.pid}") if said in entry["MESSAGE"]]
        finally:
            by_hand.kill()
    run("systemctl", "stop", "overstayd.service")
    one = service()
    assert not [entry for entry in harness.journal(f"_PID={one.pid}")
                if "running too" in entry["MESSAGE"]]


def test_alert_comes_within_two_intervals(service, offender):
    one = service()
    offender(PORT)
    alert = one.wait_entry(OVERSTAY_EVENT="overstay")
    late = int(alert["OVERSTAY_AGE_USEC"]) - int(alert["OVERSTAY_THRESHOLD_USEC"])
    assert 0 <= late < 1000000, f"{late} us after the threshold, with an interval of 200ms"


def test_a_suspect_says_what_is_gone_by_morning(service):
    one = service(QUICK.replace("threshold: 1s", "threshold: 1h"))
    program = pathlib.Path("/dev/shm/suspect")
    shutil.copy("/usr/bin/ncat", program)
    checksum = hashlib.sha256(program.read_bytes()).hexdigest()
    run("systemd-run", "--quiet", "--unit=suspect", "--uid=nobody", program, "-l", "-k",
        "127.0.0.1", str(PORT))
    try:
        alert = one.wait_entry(OVERSTAY_EVENT="suspect")
        assert alert["PRIORITY"] == "2" and alert["OVERSTAY_CLASS"] == "suspect"
        assert set(alert["OVERSTAY_REASONS"].split()) == {"shm"}
        assert alert["OVERSTAY_STRENGTH"] == "strong"
        assert alert["OVERSTAY_EXE_SHA256"] == checksum
        assert alert["OVERSTAY_UNIT"] == alert["OBJECT_SYSTEMD_UNIT"] == "suspect.service"
        assert alert["OVERSTAY_PEER_COUNT"] == "0" and "OVERSTAY_PEERS" not in alert
        by_unit = run("journalctl", "--no-pager", "-o", "cat", "-u", "suspect").stdout
        assert alert["MESSAGE"] in by_unit
        explained = run("journalctl", "--no-pager", "-x", "-o", "short",
                        f"OVERSTAY_STAY={alert['OVERSTAY_STAY']}").stdout
        assert "Subject: " in explained
    finally:
        run("systemctl", "stop", "suspect", check=False)
        program.unlink()


def test_a_damaged_database_is_told_and_put_aside(service, offender):
    state = pathlib.Path("/var/lib/overstay")
    one = service()
    offender(PORT)
    one.wait_entry(OVERSTAY_EVENT="overstay")
    run("systemctl", "stop", "overstayd.service")
    database = state / "overstay.db"
    assert database.read_bytes()[:15] == b"SQLite format 3"
    database.write_bytes(b"no database at all" * 100)
    two = service()
    two.wait_entry(OVERSTAY_EVENT="degraded", PRIORITY=4)
    assert (state / "overstay.db.corrupt").exists()
    two.wait_entry(OVERSTAY_EVENT="overstay")


def test_ended_is_told_with_the_same_stay(service, offender):
    one = service(QUICK + "advice: false\n")
    unit = offender(PORT)
    alert = one.wait_entry(OVERSTAY_EVENT="overstay")
    run("systemctl", "stop", unit)
    ended = one.wait_entry(OVERSTAY_EVENT="ended")
    assert ended["OVERSTAY_STAY"] == alert["OVERSTAY_STAY"]
    stay = harness.journal(f"OVERSTAY_STAY={alert['OVERSTAY_STAY']}")
    assert [entry["OVERSTAY_EVENT"] for entry in stay] == ["appeared", "overstay", "ended"]
    assert [entry["OVERSTAY_SEQUENCE"] for entry in stay] == ["1", "2", "3"]


def test_reload_with_a_good_file(service, offender):
    one = service()
    offender(PORT)
    one.wait_entry(OVERSTAY_EVENT="overstay")
    CONFIG.write_text(QUICK + "rules:\n  - name: a web server\n"
                      f"    match: {{port: {PORT}, user: nobody}}\n    action: allow\n",
                      encoding="utf-8")
    pid = one.pid
    run("systemctl", "reload", "overstayd.service")
    one.wait_entry(OVERSTAY_EVENT="cleared", OVERSTAY_RULE="a web server")
    assert one.pid == pid
    assert show("overstayd.service", "ActiveState") == "active"


def test_reload_with_a_bad_file_fails_and_changes_nothing(service, offender):
    one = service()
    CONFIG.write_text("thresold: 1h\n", encoding="utf-8")
    done = run("systemctl", "reload", "overstayd.service", check=False)
    assert done.returncode != 0
    assert show("overstayd.service", "ActiveState") == "active"
    said = run("journalctl", "--no-pager", "-o", "cat", "-u", "overstayd.service").stdout
    assert "overstay.yaml:1:1: " in said
    assert not one.entries(OVERSTAY_EVENT="config"), "the daemon did not hear of it"
    # A HUP sent by hand does not get a bad file in either.
    run("systemctl", "kill", "-s", "HUP", "--kill-who=main", "overstayd.service")
    one.wait_entry(OVERSTAY_EVENT="config", PRIORITY=3)
    wait_until(lambda: "last reload failed" in show("overstayd.service", "StatusText"))
    offender(PORT)
    one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_THRESHOLD_USEC=1000000)


def test_start_with_a_bad_file_runs_on_the_last_good_one(service, offender):
    one = service()
    wait_until(lambda: any(pathlib.Path("/var/lib/overstay").iterdir()))
    run("systemctl", "stop", "overstayd.service")
    two = service("thresold: 1h\n")
    assert two.invocation != one.invocation
    two.wait_entry(OVERSTAY_EVENT="degraded")
    assert "DEGRADED" in show("overstayd.service", "StatusText")
    offender(PORT)
    two.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_THRESHOLD_USEC=1000000)


def test_bad_file_and_no_copy_is_exit_2_without_restart(service):
    del service  # Only for what it undoes.
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text("thresold: 1h\n", encoding="utf-8")
    done = run("systemctl", "start", "overstayd.service", check=False)
    assert done.returncode != 0
    assert show("overstayd.service", "ActiveState") == "failed"
    assert show("overstayd.service", "ExecMainStatus") == "2"
    assert show("overstayd.service", "NRestarts") == "0"


def test_watchdog_kills_and_restarts_what_hangs(service, drop_in):
    drop_in("overstayd.service", "[Service]\nWatchdogSec=1s\nRestartSec=100ms\n")
    one = service()
    pid = one.pid
    # It pings: twice the time passes without harm.
    os.kill(pid, 0)
    assert show("overstayd.service", "NRestarts") == "0"
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: show("overstayd.service", "NRestarts") == "1", 20)
    wait_until(lambda: show("overstayd.service", "ActiveState") == "active", 20)
    assert one.pid not in (0, pid)


def test_kill_9_is_followed_by_a_restart(service, drop_in, offender):
    drop_in("overstayd.service", "[Service]\nRestartSec=100ms\n")
    one = service()
    offender(PORT)
    one.wait_entry(OVERSTAY_EVENT="overstay")
    run("systemctl", "kill", "-s", "KILL", "--kill-who=main", "overstayd.service")
    wait_until(lambda: show("overstayd.service", "InvocationID") != one.invocation
               and show("overstayd.service", "ActiveState") == "active", 20)


def test_stop_is_told_and_quick(service):
    one = service()
    run("systemctl", "stop", "overstayd.service", seconds=10)
    assert one.wait_entry(OVERSTAY_EVENT="stopped")
    assert show("overstayd.service", "Result") == "success"
    # Nothing with the capabilities of the poll-up is left, and no way to start it.
    for unit in (*UNITS, *SOCKETS):
        assert show(unit, "ActiveState") == "inactive", unit
    for name in ("lookup.sock", "names.sock"):
        assert not os.path.lexists(f"/run/overstay/{name}")


def lookup_pid():
    return int(show("overstay-lookup.service", "MainPID"))


def test_lookup_comes_back_after_its_death(service, offender):
    one = service()
    unit = offender(PORT)
    one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_OWNER="process", OVERSTAY_UNIT=unit)
    first = wait_until(lookup_pid)
    os.kill(first, signal.SIGKILL)
    one.wait_entry(OVERSTAY_EVENT="degraded")
    wait_until(lambda: lookup_pid() not in (0, first), 30)
    other = offender(PORT + 1, name="other")
    one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT + 1, seconds=30)
    one.wait_entry(OVERSTAY_EVENT="recovered", seconds=60)
    assert other and show("overstayd.service", "NRestarts") == "0"


def test_many_deaths_do_not_fail_the_socket(service):
    service()
    last = wait_until(lookup_pid)
    # More in 10 s than systemd allows by itself. The daemon would ask ever more seldom.
    for _ in range(8):
        os.kill(last, signal.SIGKILL)
        wait_until(lambda: show("overstay-lookup.service", "ActiveState") == "failed")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
            asking.connect("/run/overstay/lookup.sock")
            last = wait_until(lookup_pid)
    assert show("overstay-lookup.socket", "ActiveState") == "active"


def lookup_starts():
    """How often systemd has begun to start the poll-up."""
    return len(harness.journal("_PID=1", "UNIT=overstay-lookup.service",
                               "MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5"))


@pytest.mark.parametrize("program", ["/nonexistent/overstay-lookup", "/bin/false"])
def test_lookup_that_cannot_run_is_started_ever_more_seldom(service, offender, drop_in, program):
    drop_in("overstay-lookup.service", f"[Service]\nExecStart=\nExecStart={program}\n")
    before, begun = lookup_starts(), time.monotonic()
    offender(PORT)
    one = service()
    # It is the daemon that asks: at once, 1 s after that, 2 s, 4 s.
    told = one.wait_entry(OVERSTAY_EVENT="degraded", seconds=5)
    wait_until(lambda: lookup_starts() - before >= 3)
    assert time.monotonic() - begun > 2.9
    assert told["MESSAGE"].endswith("systemctl status overstay-lookup.service")
    one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_OWNER="unknown")
    # Put right, it comes back by itself.
    pathlib.Path("/run/systemd/system/overstay-lookup.service.d/50-test.conf").unlink()
    run("systemctl", "daemon-reload")
    one.wait_entry(OVERSTAY_EVENT="recovered", seconds=20)
    assert lookup_starts() - before <= 5


def test_without_its_socket_that_is_named(service):
    one = service()
    wait_until(lookup_pid)
    run("systemctl", "stop", "overstay-lookup.socket")
    # The connection ended with the service; it was the socket that was not found after that.
    assert one.wait_entry(OVERSTAY_EVENT="degraded")["MESSAGE"].endswith(
        "systemctl status overstay-lookup.service")
    run("systemctl", "mask", "--runtime", "overstay-lookup.socket")
    try:
        run("systemctl", "restart", "overstayd.service")
        assert harness.journal("OVERSTAY_EVENT=degraded")[-1]["MESSAGE"].endswith(
            "systemctl status overstay-lookup.socket")
    finally:
        run("systemctl", "unmask", "--runtime", "overstay-lookup.socket")


def test_restart_of_the_socket_is_survived(service, offender):
    one = service()
    run("systemctl", "stop", "overstay-lookup.service", "overstay-lookup.socket")
    one.wait_entry(OVERSTAY_EVENT="degraded")
    run("systemctl", "start", "overstay-lookup.socket")
    unit = offender(PORT)
    one.wait_entry(OVERSTAY_EVENT="recovered", seconds=60)
    one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT)
    assert unit


def test_restart_of_the_daemon_is_one_of_the_lookup(service, offender):
    one = service()
    offender(PORT)
    alert = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_OWNER="process")
    # As an upgrade does it: another file under the same name.
    program = pathlib.Path("/usr/libexec/overstay/overstay-lookup")
    newer = program.with_name("newer")
    shutil.copy(program, newer)
    newer.rename(program)
    before = lookup_pid()
    assert os.readlink(f"/proc/{before}/exe").endswith(" (deleted)")
    run("systemctl", "restart", "overstayd.service")
    after = wait_until(lookup_pid)
    assert not os.path.exists(f"/proc/{before}")
    assert os.path.samefile(f"/proc/{after}/exe", program)
    assert show("overstay-lookup.socket", "ActiveState") == "active"
    # The daemon ends first and starts last, so it misses nothing.
    told = [entry["OVERSTAY_EVENT"] for entry in harness.journal(
        "SYSLOG_IDENTIFIER=overstayd", cursor=alert["__CURSOR"]) if "OVERSTAY_EVENT" in entry]
    assert "started" in told and "degraded" not in told


def test_restart_of_journald_loses_no_alert(service, offender):
    one = service()
    run("systemctl", "restart", "systemd-journald.service")
    offender(PORT)
    one.wait_entry(OVERSTAY_EVENT="overstay")
    assert show("overstayd.service", "NRestarts") == "0"


def test_dynamic_port_of_a_socket_unit_is_named(service, drop_in):
    del drop_in
    pathlib.Path("/run/systemd/system/held.socket").write_text(
        f"[Socket]\nListenStream=127.0.0.1:{PORT + 2}\n", encoding="utf-8")
    pathlib.Path("/run/systemd/system/held.service").write_text(
        "[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    run("systemctl", "daemon-reload")
    one = service()
    run("systemctl", "start", "held.socket")
    alert = one.wait_entry(OVERSTAY_EVENT="overstay", OVERSTAY_PORT=PORT + 2)
    run("systemctl", "stop", "held.socket")
    assert alert["OVERSTAY_PID"] == "1"
