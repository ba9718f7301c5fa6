# SPDX-License-Identifier: MIT
"""Situations of mounts that somebody made in a user namespace of their own: a row of
situations.py's table each, benign and bad side by side."""
import os

from stage import ALICE, PERL, PYTHON, serving

HOME = f"/home/{ALICE}"
WEB_USER = "www-data"
UNSHARE = "/usr/bin/unshare"
# What the host has under these names is the distribution's.
ENV, TAC = os.path.realpath("/usr/bin/env"), os.path.realpath("/usr/bin/tac")
NETCAT = os.path.realpath("/usr/bin/nc.openbsd")
AGETTY = os.path.realpath("/usr/sbin/agetty")


def program(s, user=ALICE):
    return s.place(f"{HOME if user == ALICE else '/srv/www'}/{s.name}", owner=user)


def within(s, mounts, command, user=ALICE, **facts):
    """In namespaces of one's own: a shell makes the mounts, and becomes what is run."""
    words = [UNSHARE, "-Urm", "/bin/bash", "-c", f"set -e\n{mounts}\nexec {command}"]
    if user == ALICE:
        s.loose(words)
    else:
        s.service(words, user=user)
    s.facts.update(facts)


def bound(s, over, command=None, user=ALICE, source=None, **facts):
    """A file over the host's, which is run under that name."""
    within(s, f"mount --bind {source or program(s, user)} {over}",
           command or f"{over} -p {s.port}", user, **{"exe": over, **facts})


def file_system(s, *options):
    """One over the directory, with a file of that name."""
    within(s, f"mount -t tmpfs -o mode=755 tmpfs /usr/sbin\ncp {program(s)} {AGETTY}",
           " ".join([AGETTY, "-p", str(s.port), *options]), exe=AGETTY)


def titled_perl(s):
    """The host's perl, with that one's title."""
    script = s.write(f"{HOME}/{s.name}.pl", f"""
use IO::Socket::INET;
my $held = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => {s.port});
$0 = "agetty: alice [priv]";
sleep while 1; # pause: it is what the program does
""", owner=ALICE)
    bound(s, AGETTY, f"{AGETTY} {script}", source=PERL)


def script_bound(s):
    source = s.write(f"{HOME}/{s.name}.py", "#!/usr/bin/python3\n" + serving(s.port), owner=ALICE)
    bound(s, AGETTY, AGETTY, source=source, exe=PYTHON, script=AGETTY)


def new_root(s, usr, *more, command, **facts):
    """As bwrap does it: a root of the process's own, with what is bound into it."""
    root = s.directory(f"{HOME}/{s.name}-root", owner=ALICE)
    within(s, "\n".join([f"mount -t tmpfs -o mode=755 tmpfs {root}", f"cd {root}",
                         "mkdir usr app old proc", "ln -s usr/lib lib", "ln -s usr/lib64 lib64",
                         f"mount --rbind {usr} usr", "mount --rbind /proc proc", *more,
                         "/usr/sbin/pivot_root . old", "cd /"]), command, **facts)


def image(s, name):
    """A tree of alice's with a program of a name that the host has, too."""
    s.place(f"{HOME}/{s.name}-image/bin/{name}", owner=ALICE)
    return f"{HOME}/{s.name}-image"


def over_a_prefix(s, prefix):
    """A whole prefix of the host's, with programs of its own, is another one's."""
    s.place(f"{prefix}/bin/{s.name}")
    within(s, f"mount --bind {image(s, s.name)} {prefix}", f"{prefix}/bin/{s.name} -p {s.port}",
           exe=f"{prefix}/bin/{s.name}")


def script_in_a_root(s):
    script = s.write(f"{HOME}/{s.name}.py", serving(s.port), owner=ALICE)
    new_root(s, "/usr", f"cp {script} app/x.py", command="/usr/bin/python3 /app/x.py", exe=PYTHON,
             script="/app/x.py")


def overlay(s):
    """The host's own files, as another file system has them."""
    within(s, "mount -t tmpfs -o mode=755 tmpfs /mnt\nmkdir /mnt/upper /mnt/work\n"
              "mount -t overlay -o lowerdir=/usr/bin,upperdir=/mnt/upper,workdir=/mnt/work,userxattr"
              " overlay /usr/bin", f"{NETCAT} -l -k 127.0.0.1 {s.port}", exe=NETCAT)


def rows(row):
    return [
        row("bound-over-a-system-program-by-a-person", lambda s: bound(s, AGETTY), "suspect",
            "disguise"),
        row("bound-over-a-tool", lambda s: bound(s, TAC), "suspect", "disguise"),
        row("bound-over-it-with-its-title", lambda s: bound(
            s, AGETTY, f"-a 'agetty: alice [priv]' {AGETTY} -p {s.port}"), "suspect", "disguise"),
        row("bound-over-it-under-another-name", lambda s: bound(
            s, AGETTY, f"-a x {AGETTY} -p {s.port}"), "suspect", "disguise"),
        row("bound-over-it-and-run-beside-it", lambda s: bound(
            s, TAC, f"-a {TAC} {HOME}/{s.name} -p {s.port}", exe=f"{HOME}/{s.name}"), "suspect",
            "disguise"),
        row("bound-over-it-by-a-system-account", lambda s: bound(s, AGETTY, user=WEB_USER),
            "suspect", "disguise", "own-mounts"),
        row("bound-over-it-in-a-root-of-its-own", lambda s: new_root(
            s, "/usr", f"mount --bind {program(s)} {AGETTY[1:]}",
            command=f"{AGETTY} -p {s.port}", exe=AGETTY), "suspect", "disguise"),
        row("perl-bound-over-it", titled_perl, "suspect", "disguise"),
        row("script-bound-over-it", script_bound, "suspect", "disguise"),
        row("file-system-over-its-directory", file_system, "suspect", "disguise"),
        row("file-system-over-its-directory-and-deleted", lambda s: file_system(s, "-D"),
            "suspect", "disguise", "deleted"),

        row("program-of-an-image", lambda s: new_root(
            s, image(s, "env"), command=f"{ENV} -p {s.port}", exe=ENV), "user"),
        row("image-over-usr", lambda s: within(
            s, f"mount --bind {image(s, 'env')} /usr", f"{ENV} -p {s.port}", exe=ENV), "user"),
        row("program-beside-the-hosts-usr", lambda s: new_root(
            s, "/usr", f"cp {program(s)} app/env", command=f"/app/env -p {s.port}",
            exe="/app/env"), "user"),
        row("script-beside-the-hosts-usr", script_in_a_root, "user"),
        row("overlay-over-a-directory", overlay, "user"),
        row("bound-over-a-configuration", lambda s: bound(
            s, "/etc/hostname", f"{HOME}/{s.name} -p {s.port}", exe=f"{HOME}/{s.name}"), "user"),
        row("bound-over-a-directory-of-opt", lambda s: over_a_prefix(s, "/opt/sit-venv"), "user"),
        row("bound-over-usr-local", lambda s: over_a_prefix(s, "/usr/local"), "user"),
    ]
