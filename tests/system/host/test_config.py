# SPDX-License-Identifier: MIT
"""Configurations good and bad: at start, at SIGHUP, by --check, and round the dump."""
import signal

import pytest

from harness import OVERSTAYD, SOURCE, config_text, run

PORT = 50001
RULE = """rules:
  - name: the test's own
    match: {port: 50001, protocol: tcp}
    action: allow
"""
OWNED = RULE.replace("protocol: tcp", "user: root")
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
    path.write_text(config_text(threshold="2min", rules=OWNED), encoding="utf-8")
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


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_dump_of_a_staged_host_is_a_fixed_point(tmp_path):
    """Packaged rules are not doubled, and each rule says where it came from."""
    root, dump = tmp_path / "root", tmp_path / "dump.yaml"
    write(root / "etc/passwd", "alice:x:4242:4242::/:/bin/sh\n")
    write(root / "etc/overstay/overstay.yaml", "threshold: 1h\n")
    write(root / "etc/overstay/rules.d/alice.yaml", RULE.replace("port: 50001", "user: alice"))
    for file in sorted((SOURCE / "conf/rules.d").glob("*.yaml")):
        write(root / "usr/share/overstay/rules.d" / file.name, file.read_text(encoding="utf-8"))
    first = run(OVERSTAYD, f"--root={root}", "--dump-config").stdout
    assert "  # from /etc/overstay/rules.d/alice.yaml:2\n" in first
    assert "  # from /usr/share/overstay/rules.d/50-databases.yaml:6\n" in first
    assert str(tmp_path) not in first
    write(dump, first)
    for arguments in ((), ("--no-packaged-rules",)):
        assert run(OVERSTAYD, f"--root={root}", "-c", dump, *arguments,
                   "--dump-config").stdout == first


def test_a_file_of_ones_own_is_read_alone(tmp_path):
    """-c reads nothing of /etc beside it, but the packaged rules, unless they are not wanted."""
    root, own = tmp_path / "root", write(tmp_path / "own.yaml", "threshold: 2h\n")
    write(root / "etc/overstay/conf.d/1.yaml", "threshold: 3h\n")
    write(root / "etc/overstay/rules.d/1.yaml", RULE)
    write(root / "usr/share/overstay/rules.d/2.yaml", RULE.replace("the test", "the vendor"))
    dump = run(OVERSTAYD, f"--root={root}", "-c", own, "--dump-config").stdout
    assert "threshold: 2h\n" in dump and "vendor" in dump and "the test's" not in dump
    dump = run(OVERSTAYD, f"--root={root}", "-c", own, "--no-packaged-rules", "--dump-config").stdout
    assert "threshold: 2h\n" in dump and dump.endswith("rules: []\n")
    dump = run(OVERSTAYD, f"--root={root}", "--dump-config").stdout
    assert "threshold: 3h\n" in dump and "vendor" in dump and "the test's" in dump


def test_a_root_that_is_a_file_is_one_fault():
    done = run(OVERSTAYD, "--root=/etc/passwd", "--check", check=False)
    assert done.returncode == 2
    assert done.stderr == "/etc/passwd:1:1: error: cannot be read: Not a directory\n"


@pytest.mark.parametrize("option, meant", [("--chek", "--check"), ("--chek=x", "--check"),
                                           ("--no-headings", "--noheadings"),
                                           ("--zzz", None)])
def test_a_misspelled_option(option, meant):
    done = run(OVERSTAYD, option, check=False)
    assert done.returncode != 0
    assert (f"did you mean {meant}?" if meant else "see overstayd --help") in done.stderr


@pytest.mark.parametrize("link", ["etc/overstay/overstay.yaml", "etc/overstay/conf.d",
                                  "etc/overstay/rules.d", "etc/overstay",
                                  "usr/share/overstay/rules.d"])
def test_a_dangling_link_is_not_an_absence(tmp_path, link):
    """What it leads to may be a share that is not mounted: no reason to have no rules."""
    path = tmp_path / "root" / link
    path.parent.mkdir(parents=True)
    path.symlink_to("/gone")
    done = run(OVERSTAYD, f"--root={tmp_path / 'root'}", "--check", check=False)
    assert done.returncode == 2
    assert 'is a symbolic link to "/gone", which does not exist' in done.stderr
    assert done.stderr.count(str(path)) == 1 or not link.endswith(".yaml")
    (tmp_path / "root/gone").mkdir()
    if not link.endswith("overstay.yaml"):
        assert run(OVERSTAYD, f"--root={tmp_path / 'root'}", "--check").stderr == ""


@pytest.mark.parametrize("text, hint", [
    ("rules: [{match: {user: @developers}}]", "quote a value that begins with @"),
    ("rules: [{match: {unit: *.service}}]", "quote a value that begins with *"),
    ("udp:\n\tthreshold: 1h", "expected blanks as indentation"),
])
def test_what_people_write_for_what_they_mean(text, hint):
    assert hint in check_input(text).stderr


def test_names_of_packaged_rules_alone_are_no_news(tmp_path):
    """Packages name users that most hosts lack."""
    root, rule = tmp_path / "root", RULE.replace("port: 50001", "user: amqp, exe: /usr/bin/x")
    write(root / "etc/passwd", "root:x:0:0::/:/bin/sh\n")
    write(root / "usr/share/overstay/rules.d/1.yaml", rule)
    done = run(OVERSTAYD, f"--root={root}", "--check", "--strict", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    write(root / "etc/overstay/rules.d/2.yaml", rule.replace("test", "host"))
    done = run(OVERSTAYD, f"--root={root}", "--check", "--strict", check=False)
    assert done.returncode == 2
    assert '1 name unknown here: "amqp" (2.yaml:' in done.stderr


def check_input(text, *arguments):
    return run("sh", "-c", 'printf %s "$1" | { shift; "$0" --check "$@" -; }', OVERSTAYD, text,
               *arguments, check=False)


def test_check_of_standard_input():
    assert check_input("threshold: 1h\n").stderr == ""
    done = check_input("interval: x\n")
    assert done.returncode == 2
    assert done.stderr.startswith("<stdin>:1:11: error: interval is ")
    done = check_input(RULE)
    assert done.returncode == 0
    assert "<stdin>:2:5: warning: rule allows by port," in done.stderr
    done = check_input(RULE, "--strict")
    assert done.returncode == 2
    assert "<stdin>:2:5: error: rule allows by port," in done.stderr


def test_programs_that_do_not_exist_are_said_when_asked(tmp_path):
    text = "rules: [{name: n, threshold: 1h, match: {exe: /nonexistent/x}}]\n"
    assert check_input(text, "--strict").stderr == ""
    done = check_input(text, "--verbose")
    assert done.returncode == 0
    assert done.stderr == ('<stdin>:1:9: note: exe "/nonexistent/x" does not exist on this host\n')
    assert check_input(text, "--verbose", "--strict").returncode == 2
    assert "in this tree" in check_input(text, "--verbose", f"--root={tmp_path}").stderr


def test_what_others_may_write_is_left_out_at_a_start_and_refused_at_a_reload(daemon):
    watch = daemon(config_text())
    watch.wait_line("STARTED")
    watch.config.chmod(0o666)
    watch.send(signal.SIGHUP)
    watch.wait_line("^<3>CONFIG reload failed")
    watch.wait_line(r"^<3>CONFIG .*overstay\.yaml:1:1: error: mode 0666 allows writing by others")
    assert watch.stop() == 0
    second = daemon()
    second.wait_line("^<4>CONFIG .*mode 0666 .*: left out")
    second.wait_line(r"^<3>DEGRADED config: .*overstay\.yaml")
    assert "without /" in second.wait_line("STARTED")
    second.config.chmod(0o644)
    second.send(signal.SIGHUP)
    second.wait_line("RECOVERED config")


def test_file_of_a_later_version_is_left_out(daemon):
    watch = daemon('requires: "99.0"\nnew: 1\n')
    watch.wait_line("^<4>CONFIG .*requires overstayd 99.0")
    assert "without /" in watch.wait_line("STARTED")
    assert not any("DEGRADED" in line for line in watch.lines)


def test_shipped_file_is_right_and_all_default(tmp_path):
    shipped = SOURCE / "conf" / "overstay.yaml"
    assert run(OVERSTAYD, "--check", shipped).stderr == ""
    empty = tmp_path / "empty.yaml"
    empty.write_text("", encoding="utf-8")
    assert (run(OVERSTAYD, "-c", shipped, "--dump-config").stdout
            == run(OVERSTAYD, "-c", empty, "--dump-config").stdout)
