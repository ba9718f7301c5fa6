# SPDX-License-Identifier: MIT
"""Situations of names, of copies and of the files that arguments name: a row of situations.py's
table each, benign and bad side by side."""
import glob
import os
import pathlib
import shutil
import time

from harness import SOURCE, run
from stage import ALICE, PYTHON, serving

HOME = f"/home/{ALICE}"
WEB_USER = "www-data"
BASH = os.path.realpath("/bin/bash")
BUSYBOX = os.path.realpath("/usr/bin/busybox")
NETCAT = os.path.realpath("/usr/bin/nc.openbsd")
LOADER = os.path.realpath((glob.glob("/lib64/ld*.so.[0-9]") or glob.glob("/lib/ld-*.so.[0-9]"))[0])
QEMU = f"/usr/bin/qemu-{os.uname().machine}-static"
VALGRIND = "/usr/bin/valgrind"


def at(s, *options):
    return ("-p", str(s.port), *options)


def relay(s, path):
    return [path, "-l", "-k", "127.0.0.1", str(s.port)]


def below(s, child, exe, user=WEB_USER, **facts):
    """In a service whose main program is another one."""
    main = s.place(f"/usr/local/sbin/{s.name}-main")
    s.service([main, "-x", *child], user=user)
    s.facts.update(exe=exe, **facts)


def as_(s, name, program, *options, user=ALICE, service=False):
    """The program, under another argv[0]."""
    command = ["/bin/bash", "-c", 'exec -a "$0" "$@"', name, program, *at(s, *options)]
    if service:
        s.service(command)
    else:
        s.loose(command, user=user)
    s.facts["exe"] = program


def link(s, path, target):
    path = pathlib.Path(path)
    s.directory(path.parent)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    return str(path)


# ---- honest names ----------------------------------------------------------------------------


def variant(s):
    """It executes the file beside it that suits the processor, and stays pasta to the eye."""
    s.place("/usr/local/bin/sitpasst")
    program = s.place("/usr/local/bin/sitpasst.avx2")
    as_(s, link(s, "/usr/local/bin/sitpasta", "sitpasst"), program)


def multi_call(s, name):
    """One binary that is what it was called as, as k3s is its containerd."""
    directory = f"/var/lib/{s.name}/bin"
    program = s.place(f"{directory}/k3s")
    link(s, f"{directory}/containerd", "k3s")
    as_(s, name.format(directory), program, service=True)


def alternative(s):
    """A link to a link to it, each of another name."""
    program = s.place("/usr/local/lib/acme/acme-server-7")
    link(s, "/usr/local/etc/alternatives/dhcpd", program)
    s.service([link(s, "/usr/local/sbin/dhcpd", "/usr/local/etc/alternatives/dhcpd"), *at(s)])
    s.facts["exe"] = program


def upgraded(s, options=()):
    """Started by a link of another name; the program is replaced."""
    program = s.place(f"/usr/local/sbin/{s.name}-postgres")
    s.service([link(s, f"/usr/local/sbin/{s.name}-postmaster", program), *at(s, *options)])
    s.facts["exe"] = program
    started_before(s)
    s.upgrade(program, more=b"new")


def became_a_file(s):
    """The link by which it was started is a program of its own since the upgrade."""
    program = s.place(f"/usr/local/bin/{s.name}-check")
    server = link(s, f"/usr/local/bin/{s.name}-server", program)
    s.service([server, *at(s)])
    s.facts["exe"] = program
    started_before(s)
    s.upgrade(program, more=b"new")
    s.upgrade(server, more=b"newer")


def started_before(s):
    """What follows is done to a program that has been running: its start is known to a hundredth of
    a second, and the times of files by the kernel's tick."""
    s.wait_listening()
    time.sleep(0.1)  # pause: longer than both


def version_link(s):
    """The link by which it was started leads to the next version since."""
    first = s.place(f"/opt/{s.name}/1/bin/acmed-1")
    s.place(f"/opt/{s.name}/2/bin/other-2")
    name = link(s, f"/opt/{s.name}/acme", first)
    s.service([name, *at(s)])
    s.facts["exe"] = first
    started_before(s)
    pathlib.Path(f"{name}.new").symlink_to(f"/opt/{s.name}/2/bin/other-2")
    pathlib.Path(f"{name}.new").rename(name)


def unmounted(s):
    """The mount that it is started from is gone: nothing says what it is called."""
    program = s.place(f"/usr/local/sbin/{s.name}")
    target = s.write(f"/run/acme/{s.name}", "")
    run("mount", "--bind", program, target)
    s.loose(["/bin/bash", "-c", 'exec 9<"$0"; umount --lazy "$0"; exec -a "$1" /proc/self/fd/9 '
             '"${@:2}"', target, "nginx: worker process", *at(s)], user="root")
    s.facts["exe"] = "/"


def wrapper(s, *command, exe):
    """A service's main program by a wrapper."""
    program = s.place(f"/usr/local/sbin/{s.name}")
    s.service([*command, program, *at(s, "-c", s.name[:15])])
    s.facts.update(exe=exe, script=program)


# ---- false names -----------------------------------------------------------------------------


def titled(s, name, title):
    """A program of alice's of that name, with a title."""
    program = s.place(f"{HOME}/{s.name}/{name}", owner=ALICE)
    s.loose([program, *at(s, "-t", title)])
    s.facts["exe"] = program


def library_link(s):
    """A link of alice's own to what another program is called: not a name of the host's."""
    program = s.place(f"{HOME}/{s.name}/x", owner=ALICE)
    as_(s, "/usr/bin/dpkg", program)


# ---- copies ----------------------------------------------------------------------------------


def copy(s, source, path=None):
    return s.place(path or f"/usr/local/lib/acme/{s.name}", source=source)


def copied_shell_on_listener(s):
    shell = copy(s, BASH, f"{HOME}/{s.name}-helper")
    s.loose([s.place(f"{HOME}/{s.name}", owner=ALICE), *at(s, "-0"), shell, "-c",
             "sleep infinity & wait"])  # pause: a shell that stays
    s.facts["exe"] = shell


def copied_python(s):
    python = copy(s, PYTHON, "/opt/venv-copies/bin/acme")
    script = s.write(f"/opt/venv-copies/{s.name}.py", serving(s.port))
    s.service([python, script], user=WEB_USER, properties=["Environment=PYTHONHOME=/usr"])
    s.facts["script"] = script


def copied_python_inline(s):
    python = copy(s, PYTHON)
    below(s, ["/usr/bin/env", "PYTHONHOME=/usr", python, "-c", serving(s.port)], python)


def runtime(s):
    """The host's deno: the stand-in, but no other row's."""
    path = pathlib.Path("/usr/local/bin/deno")
    if not path.exists():
        run("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-static", "-Wl,--build-id",
            "-o", path, SOURCE / "tests/system/stand-in.c")
    return copy(s, path)


def single_executable(s):
    """A runtime with a program behind it, as `deno compile` writes one."""
    program = pathlib.Path(runtime(s))
    with program.open("ab") as file:
        file.write(b"program" * 1000)
    below(s, [program, *at(s)], str(program))


# ---- scripts ---------------------------------------------------------------------------------


def script_at(s, path, user=ALICE, mode=0o644, address="127.0.0.1"):
    text = serving(s.port, address)
    script = s.write(path, text, owner=ALICE if user == ALICE else "root", mode=mode)
    if user == ALICE:
        s.loose(["/usr/bin/python3", script])
    else:
        s.service(["/usr/bin/python3", script], user=user)
    s.facts.update(exe=PYTHON, script=script)


def relative_script_in_shm(s):
    script = s.write(f"/dev/shm/{s.name}.py", serving(s.port), owner=ALICE)
    s.loose(["/usr/bin/python3", os.path.basename(script)], cwd="/dev/shm", script=script)
    s.facts["exe"] = PYTHON


def descriptor_in_shm(s):
    script = s.write(f"/dev/shm/{s.name}.py", serving(s.port), owner=ALICE)
    s.loose([BASH, "-c", f"exec {PYTHON} /dev/fd/5 5<{script}"])
    s.facts["exe"] = PYTHON


def script_by_a_link(s):
    script = s.write(f"/dev/shm/{s.name}.py", serving(s.port))
    name = link(s, f"/usr/local/lib/acme/{s.name}.py", script)
    s.service(["/usr/bin/python3", name], user=WEB_USER)
    s.facts.update(exe=PYTHON, script=name)


def deleted_script(s):
    script_at(s, f"/tmp/{s.name}.py")
    s.wait_listening()
    os.unlink(s.facts["script"])


def relative_script_left(s):
    """A daemon that went to /tmp after its start: its relative path leads nowhere."""
    directory = f"/opt/{s.name}"
    s.write(f"{directory}/serve.py", "import os\nos.chdir('/tmp')\n" + serving(s.port))
    s.service(["/usr/bin/python3", "serve.py"], user=WEB_USER,
              properties=[f"WorkingDirectory={directory}"])
    s.facts.update(exe=PYTHON, script="/tmp/serve.py")


def in_a_spool(s, name, mode):
    s.directory(f"/var/spool/{name}", mode=mode)
    script_at(s, f"/var/spool/{name}/{s.name}.py")


def class_path(s):
    """A module's name is no file, wherever it is looked for."""
    s.directory(f"/tmp/{s.name}", mode=0o755)
    s.write(f"/tmp/{s.name}/acmemodule.py", serving(s.port), owner=ALICE)
    s.loose(["/usr/bin/env", f"PYTHONPATH=/tmp/{s.name}", "/usr/bin/python3", "-m", "acmemodule"])
    s.facts["exe"] = PYTHON


def rows(row):
    table = [
        row("runs-its-variant", variant, "user"),
        row("multi-call-by-its-path", lambda s: multi_call(s, "{}/containerd"), "service"),
        row("multi-call-by-its-name", lambda s: multi_call(s, "containerd"), "service"),
        row("alternatives", alternative, "service"),
        row("upgraded-by-a-link", upgraded, "service"),
        row("upgraded-with-a-title", lambda s: upgraded(
            s, ("-t", "postgres: 15/main: checkpointer")), "service"),
        row("link-became-a-file", became_a_file, "service"),
        row("link-to-the-next-version", version_link, "service"),
        row("title-of-a-vendors-postgres", lambda s: titled(
            s, "edb-postgres", "postgres: writer"), "user"),
        row("unmounted", unmounted, "unknown"),
        row("ld-so-of-a-relay", lambda s: s.service([LOADER, *relay(s, NETCAT)]), "service",
            script=NETCAT),
        row("one-letter", lambda s: titled(s, "s", "sshd: alice [priv]"), "suspect", "disguise"),
        row("the-beginning-of-a-name", lambda s: titled(s, "ng", "nginx: worker process"),
            "suspect", "disguise"),
        row("file-of-a-kernel-threads-name", lambda s: titled(s, "[kthreadd]", "[kthreadd]"),
            "suspect", "disguise"),
        row("title-of-an-arrays-thread", lambda s: titled(s, "x", "md127_raid1"), "suspect",
            "disguise"),
        row("file-called-like-qemu", lambda s: titled(s, "qemu-x", "[kworker/0:1]"), "suspect",
            "disguise"),
        row("file-called-like-qemu-user", lambda s: titled(s, "qemu-arm", "[kworker/0:1]"),
            "suspect", "disguise"),
        row("file-called-like-ld-so", lambda s: titled(s, "ld-linux.so.2", "nginx: worker"),
            "suspect", "disguise"),
        row("file-called-busybox", lambda s: titled(s, "busybox", "nginx: worker"), "suspect",
            "disguise"),
        row("called-sd-pam", lambda s: titled(s, "x", "(sd-pam)"), "suspect", "disguise"),
        row("name-of-an-nfs-leftover", lambda s: titled(
            s, ".nfs000000000a0b0c0d00000001", "nginx: worker"), "suspect", "disguise"),
        row("called-as-dpkg-by-a-beginning", library_link, "suspect", "disguise"),

        row("copied-netcat", lambda s: below(
            s, relay(s, copy(s, NETCAT)), f"/usr/local/lib/acme/{s.name}"), "suspect", "stranger"),
        row("copied-busybox", lambda s: below(
            s, ["/bin/bash", "-c", 'exec -a nc "$0" "$@"', copy(s, BUSYBOX), "-ll", "-p",
                str(s.port), "-e", "/bin/cat"], f"/usr/local/lib/acme/{s.name}"), "suspect",
            "stranger"),
        row("copied-netcat-as-java", lambda s: below(
            s, relay(s, copy(s, NETCAT, "/usr/local/lib/acme/java")), "/usr/local/lib/acme/java"),
            "suspect", "stranger"),
        row("copied-netcat-of-alice", lambda s: s.loose(relay(
            s, copy(s, NETCAT, f"{HOME}/{s.name}-helper"))), "user"),
        row("copied-shell-on-listener", copied_shell_on_listener, "suspect", "shell"),
        row("copied-python", copied_python, "service"),
        row("copied-python-inline", copied_python_inline, "suspect", "stranger"),
        row("single-executable", single_executable, "service"),
        row("ld-so-of-a-copied-relay", lambda s: below(
            s, [LOADER, *relay(s, copy(s, NETCAT))], LOADER,
            script=f"/usr/local/lib/acme/{s.name}"), "suspect", "stranger"),
        row("ld-so-of-inline-code", lambda s: below(
            s, [LOADER, PYTHON, "-c", serving(s.port)], LOADER, script=PYTHON), "suspect",
            "stranger"),
        row("ld-so-of-a-file-in-shm", lambda s: s.loose(
            [LOADER, *relay(s, copy(s, NETCAT, f"/dev/shm/{s.name}"))]), "suspect", "shm",
            script=...),

        row("script-in-shm-by-proc", lambda s: s.loose(
            ["/usr/bin/python3", "/proc/self/root"
             + s.write(f"/dev/shm/{s.name}.py", serving(s.port), owner=ALICE)]), "suspect", "shm",
            exe=PYTHON, script=...),
        row("directory-in-shm", lambda s: s.loose(
            ["/usr/bin/python3", os.path.dirname(
                s.write(f"/dev/shm/{s.name}/__main__.py", serving(s.port), owner=ALICE))]),
            "suspect", "shm", exe=PYTHON, script=...),
        row("script-in-shm-by-a-descriptor", descriptor_in_shm, "suspect", "shm"),
        row("here-document-in-tmp", lambda s: s.loose(
            [BASH, "-c", f"exec {PYTHON} /dev/fd/9 9<<'END'\n{serving(s.port)}\nEND\n"]), "user",
            exe=PYTHON),
        row("script-in-shm", lambda s: script_at(s, f"/dev/shm/{s.name}.py"), "suspect", "shm"),
        row("relative-script-in-shm", relative_script_in_shm, "suspect", "shm"),
        row("script-in-tmp-exposed", lambda s: script_at(
            s, f"/tmp/{s.name}.py", address="0.0.0.0"), "suspect", "temporary", "exposed", auto=1),
        row("script-by-a-link-to-shm", script_by_a_link, "suspect", "shm"),
        row("script-in-tmp", lambda s: script_at(s, f"/tmp/{s.name}.py"), "user", "temporary"),
        row("script-in-tmp-of-a-service", lambda s: script_at(
            s, f"/var/tmp/{s.name}.py", user=WEB_USER), "service", "temporary"),
        row("deleted-script-in-tmp", deleted_script, "user", "temporary"),
        row("script-writable-by-all", lambda s: script_at(
            s, f"/srv/{s.name}.py", user=WEB_USER, mode=0o666), "service", "writable"),
        row("script-of-alice-run-by-root", lambda s: script_at(
            s, f"/srv/{s.name}.py", user="root"), "service"),
        row("relative-script-left-behind", relative_script_left, "service"),
        row("script-in-a-spool", lambda s: in_a_spool(s, "acme", 0o755), "user"),
        row("script-in-everybodys-spool", lambda s: in_a_spool(s, "print", 0o1777), "user",
            "temporary"),
        row("module-in-tmp", class_path, "user"),
    ]
    if os.path.exists(QEMU):
        table.append(row("by-qemu-user", lambda s: wrapper(s, QEMU, exe=QEMU), "service"))
        table.append(row("relay-by-qemu-user", lambda s: below(
            s, [QEMU, *relay(s, NETCAT)], QEMU, script=NETCAT), "suspect", "stranger"))
    if shutil.which("valgrind"):
        machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "*")
        tool = glob.glob(f"/usr/libexec/valgrind/none-{machine}-linux")[0]
        table.append(row("by-valgrind", lambda s: wrapper(
            s, VALGRIND, "--tool=none", "-q", exe=tool), "service"))
    return table
