# SPDX-License-Identifier: MIT
"""Configurations good and bad: at start, at SIGHUP, by --check, and round the dump."""
import signal

from harness import OVERSTAYD, SOURCE, config_text, run

PORT = 50001
RULE = """rules:
  - name: the test's own
    match: {port: 50001, protocol: tcp}
    action: allow
"""
BAD = "interval: 5parsecs\nthresold: 10min\n"


def test_reload_clears_and_brings_back(daemon, listen):
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    listen(PORT)
    watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")
    watch.config.write_text(config_text(rules=RULE), encoding="utf-8")
    watch.send(signal.SIGHUP)
    watch.wait_line("^<5>CONFIG")
    assert "the test's own" in watch.wait_line(f"CLEARED tcp 127.0.0.1:{PORT}")


def test_bad_reload_keeps_the_old_one(daemon, listen):
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    watch.config.write_text(BAD, encoding="utf-8")
    watch.send(signal.SIGHUP)
    watch.wait_line("^<3>CONFIG .*\\b2\\b")
    watch.wait_line(r"^<3>CONFIG .*overstay\.yaml:1:\d+: ")
    assert "threshold" in watch.wait_line(r"^<3>CONFIG .*overstay\.yaml:2:\d+: ")
    listen(PORT)
    watch.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")


def test_every_option_of_the_poll_is_reloadable(daemon, listen):
    watch = daemon(config_text(ranges='["50500-50510"]', threshold="1h"))
    watch.wait_line("STARTED")
    listen(PORT)
    watch.config.write_text(config_text(), encoding="utf-8")
    watch.send(signal.SIGHUP)
    watch.wait_line("^<5>CONFIG")
    watch.wait_line(f"OVERSTAY .*:{PORT}|OVERSTAY 1 ")


def test_last_good_copy_at_start(daemon, listen):
    first = daemon(config_text())
    first.wait_line("STARTED")
    first.config.write_text(config_text(threshold="2s"), encoding="utf-8")
    first.send(signal.SIGHUP)
    first.wait_line("^<5>CONFIG")
    assert first.stop() == 0
    second = daemon(BAD)
    second.wait_line("DEGRADED config")
    second.wait_line("STARTED")
    listen(PORT)
    assert " 2s" in second.wait_line(f"OVERSTAY tcp 127.0.0.1:{PORT}")
    second.config.write_text(config_text(), encoding="utf-8")
    second.send(signal.SIGHUP)
    second.wait_line("RECOVERED config")


def test_no_last_good_copy_is_exit_2(daemon):
    watch = daemon(BAD)
    assert watch.process.wait(timeout=15) == 2
    watch.wait_line("^<3>overstayd: ")


def test_missing_file_that_was_asked_for_is_an_error(daemon):
    watch = daemon()
    assert watch.process.wait(timeout=15) == 2


def test_check_says_every_error_with_its_place(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(BAD + "grace: 1min\ngrace: 2min\nranges: []\n", encoding="utf-8")
    done = run(OVERSTAYD, "--check", path, check=False)
    assert done.returncode == 2 and done.stdout == ""
    for line in (1, 2, 4, 5):
        assert f"{path}:{line}:" in done.stderr, done.stderr
    assert "threshold" in done.stderr, "the nearest known name"
    path.write_text(config_text(rules=RULE), encoding="utf-8")
    done = run(OVERSTAYD, "--check", path)
    assert done.stderr == ""
    assert run(OVERSTAYD, "--check", tmp_path / "none", check=False).returncode == 2


def test_dump_is_a_fixed_point(tmp_path):
    path, again = tmp_path / "x.yaml", tmp_path / "again.yaml"
    path.write_text(config_text(rules=RULE), encoding="utf-8")
    first = run(OVERSTAYD, "-c", path, "--dump-config").stdout
    again.write_text(first, encoding="utf-8")
    assert run(OVERSTAYD, "-c", again, "--dump-config").stdout == first
    assert "the test's own" in first


def test_shipped_file_is_right_and_all_default(tmp_path):
    shipped = SOURCE / "conf" / "overstay.yaml"
    assert run(OVERSTAYD, "--check", shipped).stderr == ""
    empty = tmp_path / "empty.yaml"
    empty.write_text("", encoding="utf-8")
    assert (run(OVERSTAYD, "-c", shipped, "--dump-config").stdout
            == run(OVERSTAYD, "-c", empty, "--dump-config").stdout)
