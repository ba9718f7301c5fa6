# SPDX-License-Identifier: MIT
"""Rows of the labelled set about what interpreters run, by their arguments (situations.py).

Most interpreters are the stand-in under their names: what they run is told by the arguments alone.
"""
import os

from stage import PERL, PYTHON, serving

WEB_USER = "www-data"
BASH = os.path.realpath("/bin/bash")
APP = "/opt/app"
OPENED = "java.base/java.lang=ALL-UNNAMED"


def placed(s, name):
    return s.place(f"/opt/runtimes/{s.name}/bin/{name}")


def service(s, name, *arguments, script=None, user=WEB_USER):
    """An interpreter as the main program of a service."""
    s.service([placed(s, name), *arguments], user=user,
              properties=[f"Environment=STAND_IN_PORT={s.port}",
                          f"WorkingDirectory={s.directory(APP)}"])
    s.facts["script"] = script


def loose(s, name, *arguments):
    """One of a service account's in no unit."""
    s.loose(["/usr/bin/env", f"STAND_IN_PORT={s.port}", placed(s, name), *arguments], user=WEB_USER)
    s.facts["exe"] = f"/opt/runtimes/{s.name}/bin/{name}"


def real(s, *command, exe):
    s.loose(command, user=WEB_USER)
    s.facts["exe"] = exe


def here_document(s):
    """A script that the shell has in a file without a name, or in a pipe."""
    real(s, BASH, "-c", f"exec {PYTHON} /dev/fd/9 9<<'END'\n{serving(s.port)}\nEND\n", exe=PYTHON)


def here_document_on_stdin(s):
    real(s, BASH, "-c", f"exec {PYTHON} -u - <<'END'\n{serving(s.port)}\nEND\n", exe=PYTHON)


def descriptor_of_a_directory(s):
    """The name of a descriptor, relative to where they are."""
    real(s, BASH, "-c", f"cd /dev; exec {PYTHON} fd/9 9<<'END'\n{serving(s.port)}\nEND\n",
         exe=PYTHON)


def of_proc(s):
    perl = ("use IO::Socket::INET; my $held = IO::Socket::INET->new(Listen => 5, LocalAddr => "
            f"\"127.0.0.1\", LocalPort => {s.port}); sleep while 1;")  # pause: its life
    real(s, BASH, "-c", f"exec {PERL} -w /proc/self/fd/9 9<<'END'\n{perl}\nEND\n", exe=PERL)


def python_service(s, *options):
    script = s.write(f"/usr/local/lib/acme/{s.name}.py", "#\n" + serving(s.port))
    s.service(["/usr/bin/python3", *options, script], user=WEB_USER)
    s.facts["script"] = script


# A name, the program, its arguments, and the script: a service.
SCRIPTS = [
    ("java-spaced-option", "java", ("--add-opens", OPENED, "-jar", f"{APP}/app.jar"),
     f"{APP}/app.jar"),
    ("java-attached-option", "java", (f"--add-opens={OPENED}", "-jar", "app.jar"),
     f"{APP}/app.jar"),
    ("java-argument-file", "java", (f"@{APP}/args", "-jar", f"{APP}/app.jar"), f"{APP}/app.jar"),
    ("java-jar-before-options", "java", ("-jar", "-Xmx64m", f"{APP}/app.jar"), f"{APP}/app.jar"),
    ("java-class", "java", ("-cp", f"{APP}/app.jar", "org.example.Main"), None),
    ("java-module", "java", ("-p", "mods", "-m", "acme/acme.Main"), None),
    ("java-source-file", "java", ("-Dx=y", f"{APP}/Main.java"), f"{APP}/Main.java"),
    ("node-require", "node", ("--require", "./tracing.js", f"{APP}/server.js"), f"{APP}/server.js"),
    ("node-import", "node", ("--import", "tsx", "server.ts"), f"{APP}/server.ts"),
    ("node-env-file", "node", ("--env-file", ".env", f"{APP}/server.js"), f"{APP}/server.js"),
    ("node-v8-option", "node", ("--max_old_space_size=4096", "--no-warnings", f"{APP}/server.js"),
     f"{APP}/server.js"),
    ("deno-run-flags", "deno", ("run", "--allow-net", f"{APP}/server.ts"), f"{APP}/server.ts"),
    ("deno-serve", "deno", ("serve", "--port", "8000", f"{APP}/server.ts"), f"{APP}/server.ts"),
    ("deno-task", "deno", ("task", "start"), None),
    ("deno-of-a-url", "deno", ("run", "-A", "jsr:@std/http/file-server"), None),
    ("bun-run-flags", "bun", ("run", "--hot", f"{APP}/server.ts"), f"{APP}/server.ts"),
    ("bun-run-script", "bun", ("run", "start"), None),
    ("ruby-warning-category", "ruby", ("-W:no-deprecated", "-rjson", f"{APP}/app.rb"),
     f"{APP}/app.rb"),
    ("ruby-in-a-directory", "ruby", ("-C", APP, "app.rb"), f"{APP}/app.rb"),
    ("perl-extracted", "perl", ("-x/opt", f"{APP}/app.pl"), f"{APP}/app.pl"),
    ("perl-letters-in-values", "perl", ("-F:e", "-i.bake", "-Mre", f"{APP}/app.pl"),
     f"{APP}/app.pl"),
    ("perl-searched", "perl", ("-S", "app.pl"), None),
    ("php-defines", "php", ("-d", "a=b", "-f", f"{APP}/app.php", "--", "-r"), f"{APP}/app.php"),
    ("php-web-server", "php", ("-S", "127.0.0.1:8000", "-t", APP), None),
    ("lua-library", "lua5.4", ("-l", "socket", f"{APP}/app.lua"), f"{APP}/app.lua"),
    ("tclsh-encoding", "tclsh8.6", ("-encoding", "utf-8", f"{APP}/app.tcl"), f"{APP}/app.tcl"),
    ("gawk-file", "gawk", ("-F:", "-v", "a=b", "-f", f"{APP}/app.awk"), f"{APP}/app.awk"),
    ("gawk-files", "gawk", ("-f", f"{APP}/lib.awk", "-f", f"{APP}/app.awk"), None),
    ("mawk-file", "mawk", ("-f", f"{APP}/app.awk"), f"{APP}/app.awk"),
    # What the next version may have: nothing is known behind it.
    ("python-new-option", "python3", ("--new-option", "-c", "code"), None),
    ("node-new-option", "node", ("--new-option", "x", "-e", "code"), None),
    ("deno-new-verb", "deno", ("compute", "code"), None),
    ("java-new-option", "java", ("--new-option", f"{APP}/app.jar"), None),
]

# A shell is one whatever it runs: as root, and the main program.
OF_SHELLS = [
    ("bash-start-file", "bash", ("--rcfile", f"{APP}/rc", "-eo", "pipefail", f"{APP}/run.sh"),
     f"{APP}/run.sh"),
    ("bash-after-a-dash", "bash", ("-", f"{APP}/run.sh"), f"{APP}/run.sh"),
    ("dash-option-and-value", "dash", ("-o", "errexit", f"{APP}/run.sh"), f"{APP}/run.sh"),
    ("zsh-attached-option", "zsh", ("-onullglob", f"{APP}/run.zsh"), f"{APP}/run.zsh"),
    ("ksh-option", "ksh93", ("-o", "errexit", f"{APP}/run.ksh"), f"{APP}/run.ksh"),
    ("bash-typed", "bash", ("-s", f"{APP}/run.sh"), None),
]

# Code without a file, of a service account: suspects.
CODE = [
    ("node-code-behind-require", "node", ("--require", "http", "-e", "code")),
    ("node-code-behind-import", "node", ("--import", "tsx", "--eval", "code")),
    ("node-code-that-is-printed", "node", ("-p", "code")),
    ("deno-eval", "deno", ("eval", "code")),
    ("deno-eval-behind-options", "deno", ("-q", "eval", "--ext", "ts", "code")),
    ("deno-data-url", "deno", ("run", "data:text/javascript,code")),
    ("bun-code-behind-a-directory", "bun", ("--cwd", "/tmp", "-e", "code")),
    ("bun-shell-code", "bun", ("exec", "code")),
    ("python-code-in-a-cluster", "python3", ("-Ic", "code")),
    ("python-code-behind-a-value", "python3", ("--check-hash-based-pycs", "always", "-c", "code")),
    ("perl-code-behind-a-number", "perl", ("-0777ne", "code")),
    ("perl-code-in-one-argument", "perl", ("-w -e", "code")),
    ("ruby-code-behind-a-level", "ruby", ("-W2e", "code")),
    ("php-code-in-a-cluster", "php", ("-nr", "code")),
    ("php-standard-input", "php", ("--", "app.php")),
    ("lua-code-attached", "lua5.4", ("-ecode",)),
    ("gawk-code", "gawk", ("BEGIN { code }",)),
    ("gawk-code-beside-a-file", "gawk", ("-f", "lib.awk", "-e", "code")),
    ("tclsh-standard-input", "tclsh8.6", ("-",)),
]


def rows(row):
    """All of them; row makes one."""
    made = [row(name, lambda s, p=program, a=arguments, f=script: service(
        s, p, *a, script=f), "service") for name, program, arguments, script in SCRIPTS]
    made += [row(name, lambda s, p=program, a=arguments, f=script: service(
        s, p, *a, script=f, user=None), "service")
        for name, program, arguments, script in OF_SHELLS]
    made += [row(name, lambda s, p=program, a=arguments: loose(s, p, *a), "suspect", "stranger")
             for name, program, arguments in CODE]
    made += [
        row("python-options-before-a-script", lambda s: python_service(
            s, "-uxW", "ignore", "-Xdev"), "service"),
        row("code-in-a-here-document", here_document, "suspect", "stranger"),
        row("code-in-a-here-document-on-stdin", here_document_on_stdin, "suspect", "stranger"),
        row("code-in-a-descriptor-below-dev", descriptor_of_a_directory, "suspect", "stranger"),
        row("code-in-a-descriptor-of-proc", of_proc, "suspect", "stranger"),
    ]
    return made
