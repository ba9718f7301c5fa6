# SPDX-License-Identifier: MIT
"""Random command lines, read by interpreters and by daemon/model/interpreters.c.

compare-arguments.py SAY_INPUT: for every interpreter that is installed, command lines are made of
its options; the interpreter runs each with scripts, code, modules and standard input that say which
of them they are, and say-input tells what the table makes of it. Both must be the same. What the
interpreter refuses is left out: no process runs then. Every value of an option is the name of a
script, too, so that one that is taken for the other shows. With an option in it that nobody knows,
what runs must be unknown.

The command lines are the same each time; COMPARE_SEED makes other ones, COMPARE_FACTOR more.
COMPARE_VERBOSE prints them all. TAP comes out.
"""
import dataclasses
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

SEED = int(os.environ.get("COMPARE_SEED", "1"))
FACTOR = int(os.environ.get("COMPARE_FACTOR", "1"))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NEXT, ATTACHED, EQUALS = "next", "attached", "equals"
SHORT = (NEXT, ATTACHED)
LONG = (NEXT, EQUALS)


@dataclasses.dataclass(frozen=True)
class Interpreter:
    """The options of one, from its manual and its source, and how it says what it runs."""

    name: str
    count: int				# command lines
    say: str				# a program that prints {}
    files: tuple = ()			# of others than values, beside script.EXT
    head: str = ""			# before what it says in a file
    inline: str = ""			# as say; of code in an argument
    flags: str = ""			# letters, joined if clusters
    clusters: bool = True
    numbers: tuple = ()			# letters with what is attached to them
    glued: tuple = ()			# of those, what more letters may follow
    words: tuple = ()			# whole arguments that are options
    values: tuple = ()			# (option, values, forms)
    code: tuple = ()			# (option, forms)
    module: tuple = ()			# the same
    script: tuple = ()			# the same
    operand_code: str = ""		# letter of which the code is the first operand
    typed: str = ""			# letter for standard input
    next_letters: tuple = ()		# (letter, values): the value is the next argument, in a cluster too
    plus: bool = False
    dash: bool = True			# "-" is standard input
    end: bool = True			# "--" ends the options
    alone: bool = True			# without an operand it reads standard input
    is_code: bool = False		# the operand is code
    options_max: int = 3
    unknown: tuple = ("--no-such-option", "--no-such=option")
    module_name: str = "amodule"
    script_name: str = "script.x"


def words(text):
    return tuple(text.split())


def values(forms, **options):
    """Options of a name each (x is -x, a_b is --a-b), and words that they take."""
    return tuple(("-" + name if len(name) == 1 else "--" + name.replace("_", "-"),
                  words(text), forms) for name, text in options.items())


PHP = "<?php echo \"{}\\n\"; ?>"
AWK = 'BEGIN {{ print "{}"; exit }}'
INTERPRETERS = (
    Interpreter(
        "python3", 100, 'print("{}")\n', head="#!/usr/bin/python3\n",
        # Not -i: it reads standard input behind a module that is not found.
        flags="bBdEIOPqRsStux",
        values=(*values(SHORT, W="ignore default error", X="dev utf8"),
                *values((NEXT,), check_hash_based_pycs="always default never")),
        code=(("-c", SHORT),), module=(("-m", SHORT),),
        unknown=("--no-such-option", "-z", "-uz")),
    Interpreter(
        "perl", 200, 'BEGIN {{ print "{}\\n" }}\n', head="#!/usr/bin/perl\n",
        flags="acfnpstTuUwWX",
        numbers=words("0 0777 0x41 l l012 d:Dumpvalue C C7 CSD D i i.bak F: F,e x xdir"),
        glued=words("0 0777 l l012"),
        words=("-mstrict", "-Mstrict", "-MList::Util=max", "-w -T", "-w  -s", "-Ilib"),
        values=values(SHORT, I="lib dir"),
        code=(("-e", SHORT), ("-E", SHORT)), unknown=("--no-such-option", "-z", "-wz")),
    Interpreter(
        "ruby", 40, 'BEGIN {{ puts "{}" }}\n', head="#!/usr/bin/ruby\n",
        flags="alnpsUvwdy",
        numbers=words("0 0777 W W0 W2 W:no-deprecated W:experimental Ku KU F: Fe i i.bak x xdir"),
        glued=words("0 0777 W W0 W2 Ku"),
        words=words("--debug --verbose --yydebug --disable-gems --enable=gems --jit --yjit "
                    "--disable=did_you_mean --enable-frozen-string-literal "
                    "--debug-frozen-string-literal"),
        values=(*values(SHORT, C="dir", X="dir", E="utf-8 ascii-8bit:utf-8", I="lib dir",
                        r="json set"),
                *values(LONG, encoding="utf-8", external_encoding="utf-8",
                        internal_encoding="utf-8", disable="gems", backtrace_limit="5")),
        code=(("-e", SHORT),), unknown=("--no-such-option", "-z", "-wz")),
    Interpreter(
        "php", 100, PHP, inline='echo "{}\\n";',
        flags="CenqH",
        words=words("--no-php-ini --no-chdir --profile-info --no-header"),
        values=(*values(SHORT, c="dir", d="display_errors=0 precision=4"),
                *values(LONG, define="precision=4", php_ini="dir")),
        code=(("-r", SHORT), ("-R", SHORT), ("-B", SHORT), ("-E", SHORT), ("--run", LONG),
              ("--process-code", LONG)),
        script=(("-f", SHORT), ("--file", LONG), ("-F", SHORT), ("--process-file", LONG)),
        unknown=("--no-such-option", "-~", "-n~")),
    Interpreter(
        "node", 40, 'console.log("{}");\n', script_name="script.js",
        # Not -i: with it, and code and a script, the script runs.
        clusters=False,
        words=words("--no-warnings --expose-gc --expose_gc --max-old-space-size=200 --no-addons "
                    "--max_old_space_size=200 --no-deprecation --trace-warnings --stack-size=900 "
                    "--enable-source-maps --pending-deprecation --experimental-vm-modules "
                    "--harmony-shadow-realm --preserve-symlinks"),
        values=(*values((NEXT,), r="fs path", C="dev"),
                *values(LONG, require="fs path", conditions="dev", title="atitle", env_file="env",
                        unhandled_rejections="warn strict", max_http_header_size="9000",
                        dns_result_order="verbatim", input_type="commonjs",
                        trace_event_categories="v8"), ("--import", ("fs",), LONG)),
        code=(("-e", (NEXT,)), ("--eval", LONG), ("-p", (NEXT,)), ("-pe", (NEXT,)),
              ("--print", (NEXT,))),
        unknown=("--no-such-option", "--no-such=option", "-z")),
    Interpreter(
        "lua5.4", 100, 'print("{}")\n', clusters=False, flags="WEiv",
        values=values(SHORT, l="amodule string"), code=(("-e", SHORT),),
        unknown=("--no-such-option", "-z")),
    Interpreter(
        "luajit", 100, 'print("{}")\n', clusters=False, flags="Eiv",
        words=words("-O -O3 -O0 -joff -jon"), values=values(SHORT, l="amodule string", j="off on"),
        code=(("-e", SHORT),), unknown=("--no-such-option", "-z")),
    Interpreter(
        "bash", 200, 'echo "{}"\n', flags="abefhiklmnprtuvxBCEHPT", plus=True, dash=False,
        typed="s", operand_code="c",
        next_letters=(("o", words("posix pipefail errexit")), ("O", words("extglob nullglob"))),
        words=words("--norc --noprofile --noediting --posix --login --verbose -norc -noprofile "
                    "-login"),
        values=(*values((NEXT,), rcfile="empty", init_file="empty"),
                ("-rcfile", ("empty",), (NEXT,)))),
    Interpreter(
        "dash", 200, 'echo "{}"\n', flags="abCeEfIilmnuvVxp", plus=True, dash=False, typed="s",
        operand_code="c", next_letters=(("o", words("errexit nounset noglob")),),
        unknown=("--no-such-option", "-Z", "-eZ")),
    Interpreter(
        "zsh", 100, 'echo "{}"\n', flags="adefghklmnpuvwxy123456789BCDEFGHIJKLMNOPQRSTUVWXYZ",
        plus=True, dash=False, typed="s", operand_code="c",
        values=values(SHORT, o="nullglob extendedglob"), words=words("--no-rcs --errexit"),
        unknown=("--no-such-option", "-A")),
    Interpreter(
        "ksh93", 100, 'echo "{}"\n', flags="abefhkmnptuvxBCEGH", plus=True, dash=False, typed="s",
        operand_code="c", values=values((NEXT,), o="errexit nounset noglob"),
        unknown=("--no-such-option", "-z", "-ez")),
    Interpreter(
        "gawk", 100, AWK, alone=False, dash=False, is_code=True, flags="bcMnNOPrsSt",
        words=words("-d --lint=invalid --traditional --re-interval"),
        values=(*values(SHORT, F=": e", v="a=b", i="empty"),
                *values(LONG, field_separator=":", assign="a=b", include="empty")),
        code=(("-e", SHORT), ("--source", LONG)),
        script=(("-f", SHORT), ("--file", LONG), ("-E", SHORT), ("--exec", LONG)),
        unknown=("--no-such-option", "-z", "-bz")),
    Interpreter(
        "mawk", 100, AWK, alone=False, dash=False, is_code=True,
        values=values(SHORT, F=": e", v="a=b"), script=(("-f", SHORT),),
        unknown=("--no-such-option", "-z")),
    Interpreter(
        "tclsh", 40, 'puts "{}"\n', clusters=False, end=False, options_max=1,
        values=(("-encoding", ("utf-8", "ascii"), (NEXT,)),),
        unknown=("--no-such-option", "-z")),
    Interpreter(
        "java", 15, "", alone=False, dash=False, end=False, clusters=False,
        words=words("-Xmx64m -Xint -XX:+UseSerialGC -Da=b -ea -esa -da:x -server --enable-preview "
                    "-Xlog:disable -splash:x --show-module-resolution @options"),
        values=(*values(LONG, add_opens="java.base/java.lang=ALL-UNNAMED", add_modules="java.base",
                        add_exports="java.base/java.lang=ALL-UNNAMED", class_path=".",
                        module_path="mods"),
                *values((NEXT,), p="mods"),
                ("-cp", (".",), (NEXT,)), ("-classpath", (".",), (NEXT,))),
        script=(("-jar", (NEXT,)),), script_name="script.jar", module_name="Main",
        unknown=("--no-such-option", "-no-such-option")),
)

JAVA = """
public class Main {
    public static void main(String[] arguments) {
        String jar = System.getProperty("java.class.path");
        System.out.println(jar.endsWith(".jar") ? "RAN script " + jar : "RAN module Main");
    }
}
"""


class Maker:
    """Makes command lines of an interpreter's options."""

    def __init__(self, interpreter, seed):
        self.of = interpreter
        self.random = random.Random(f"{interpreter.name} {seed}")

    def formed(self, option, value, forms):
        form = self.random.choice(forms)
        if form == NEXT:
            return [option, value]
        return [option + ("=" if form == EQUALS else "") + value]

    def letters(self):
        """A few flags in one argument, without the dash."""
        count = self.random.choice((0, 0, 1, 2)) if self.of.clusters and self.of.flags else 0
        made = ""
        for _ in range(count):
            made += self.random.choice(self.of.flags)
            if self.of.glued and self.random.random() < 0.3:
                made += self.random.choice(self.of.glued)
        return made

    def option(self):
        """One option with what belongs to it."""
        choices = []
        if self.of.flags:
            choices.append(self.flag)
        if self.of.numbers:
            choices.append(lambda: ["-" + self.random.choice(self.of.numbers)])
        if self.of.words:
            choices.append(lambda: [self.random.choice(self.of.words)])
        if self.of.values:
            choices += [self.value] * 2
        if self.of.next_letters:
            choices.append(self.next_letter)
        return self.random.choice(choices)()

    def flag(self):
        sign = "+" if self.of.plus and self.random.random() < 0.3 else "-"
        return [sign + (self.letters() or self.random.choice(self.of.flags))]

    def value(self):
        option, values, forms = self.random.choice(self.of.values)
        made = self.formed(option, self.random.choice(values), forms)
        if len(option) == 2 and self.of.clusters:
            made[0] = "-" + self.letters() + made[0][1:]
        return made

    def next_letter(self):
        letter, values = self.random.choice(self.of.next_letters)
        sign = "+" if self.of.plus and self.random.random() < 0.3 else "-"
        return [sign + self.letters() + letter + self.letters(), self.random.choice(values)]

    def given(self, options, value):
        option, forms = self.random.choice(options)
        made = self.formed(option, value, forms)
        if len(option) == 2 and self.of.clusters:
            made[0] = "-" + self.letters() + made[0][1:]
        return made

    def ending(self):
        """What the interpreter is to run, and arguments of that."""
        code = (self.of.inline or self.of.say).format("RAN inline")
        script = self.random.choice((self.of.script_name, "./" + self.of.script_name))
        more = self.random.sample(("a", "-e", "-c", "--eval", "-", "--", "-z", "-m", "b.x"),
                                  self.random.randrange(3))
        choices = [lambda: [script] + more] * 2
        if self.of.module_name == "Main":
            choices = [lambda: ["Main"] + more] * 2
        if self.of.is_code:
            # Beside a file it would be run, too.
            more = [word for word in more if word != "-e"]
            script, choices = code, [lambda: [code] + more] * 2
        if self.of.end:
            choices.append(lambda: ["--", script] + more)
        if self.of.dash:
            choices.append(lambda: ["-"] + more)
        elif self.of.plus:
            choices.append(lambda: ["-", script] + more)
        if self.of.alone:
            choices += [lambda: [], lambda: ["/dev/stdin"] + more]
        if self.of.code:
            choices += [lambda: self.given(self.of.code, code) + more] * 3
        if self.of.module:
            choices.append(lambda: self.given(self.of.module, self.of.module_name) + more)
        if self.of.script:
            choices += [lambda: self.given(self.of.script, self.of.script_name) + more] * 2
        if self.of.operand_code:
            choices += [lambda: self.operand_code(code) + more] * 3
        if self.of.typed:
            choices.append(lambda: ["-" + self.letters() + self.of.typed + self.letters(),
                                    *self.random.choice(((), ("a",), ("b.x", "-c")))])
        return self.random.choice(choices)()

    def operand_code(self, code):
        made = ["-" + self.letters() + self.of.operand_code + self.letters()]
        for _ in range(self.random.randrange(3)):
            more = self.of.next_letters and self.random.random() < 0.5
            made += self.next_letter() if more else self.flag()
        return made + self.random.choice(([], [], ["--"], ["-"])) + [code]

    def line(self, unknown=False):
        count = min(self.random.choice((0, 1, 1, 2, 3)), self.of.options_max)
        groups = [self.option() for _ in range(count)]
        if unknown:
            groups.insert(self.random.randrange(len(groups) + 1),
                          [self.random.choice(self.of.unknown)])
        made = [argument for group in groups for argument in group]
        return made + self.ending()


def make_files(interpreter, directory):
    """Every word that could be taken for a script is one."""
    names = {interpreter.script_name, "a", "b.x", "always"}
    for _, values, _ in interpreter.values:
        names.update(values)
    for _, values in interpreter.next_letters:
        names.update(values)
    names -= {"dir", "lib", "empty", "env", ".", "mods"}
    below = directory / "dir"
    below.mkdir()
    (directory / "lib").mkdir()
    (directory / "mods").mkdir()
    (directory / "empty").touch()
    (directory / "env").write_text("A=b\n")
    (directory / "options").write_text("-Dc=d\n")
    if interpreter.name == "java":
        make_java(directory)
        return
    for name in names:
        if "/" in name or ":" in name:
            continue
        text = interpreter.head + interpreter.say.format(f"RAN script {name}")
        for place in (directory, below):
            (place / name).write_text(text)
    for extension in ("py", "lua"):
        (directory / f"amodule.{extension}").write_text(
            interpreter.say.format("RAN module amodule") if extension == "py" else "return {}\n")


def make_java(directory):
    (directory / "Main.java").write_text(JAVA)
    subprocess.run(["javac", "Main.java"], cwd=directory, check=True)
    (directory / "manifest").write_text("Main-Class: Main\n")
    subprocess.run(["jar", "cfm", "script.jar", "manifest", "Main.class"], cwd=directory,
                   check=True)
    (directory / "Main.java").unlink()


def run_real(interpreter, binary, line, directory):
    """What ran first, by its own word; "" where the interpreter refused or ran nothing."""
    environment = {"PATH": PATH, "HOME": str(directory), "LANG": "C.UTF-8", "TERM": "dumb"}
    typed = interpreter.head + interpreter.say.format("RAN stdin")
    with tempfile.TemporaryFile() as standard_input:
        standard_input.write(typed.encode())
        standard_input.seek(0)
        done = subprocess.run([binary] + line, stdin=standard_input, capture_output=True,
                              cwd=directory, env=environment, timeout=60, check=False)
    # A prompt or the value that node prints may stand before it.
    for printed in done.stdout.decode(errors="replace").splitlines():
        at = printed.find("RAN ")
        if at >= 0 and "{}" not in printed and '"' not in printed[at:]:
            return printed[at + 4:].strip()
    return ""


def ask_table(say_input, name, lines):
    records = b""
    for line in lines:
        arguments = b"".join(argument.encode() + b"\0" for argument in [name] + line)
        records += f"{name}\n{len(arguments)}\n".encode() + arguments
    done = subprocess.run([say_input], input=records, stdout=subprocess.PIPE, check=True)
    answers = done.stdout.decode().split("\0")[:-1]
    assert len(answers) == len(lines)
    return answers


def is_same(line, real, table):
    # Whatever java finds in @FILE may be the class.
    if "@options" in line and real == "module Main":
        return table == "unknown"
    kind, _, name = table.partition(" ")
    real_kind, _, real_name = real.partition(" ")
    if kind != real_kind:
        return False
    return kind not in ("script", "module") or os.path.basename(name) == os.path.basename(real_name)


class Tap:
    def __init__(self):
        self.number = 0

    def point(self, good, text):
        self.number += 1
        print(f"{'ok' if good else 'not ok'} {self.number} - {text}", flush=True)

    def skip(self, text, reason):
        self.point(True, f"{text} # SKIP {reason}")


def compare(tap, interpreter, binary, say_input):
    name = os.path.basename(os.path.realpath(binary))
    maker = Maker(interpreter, SEED)
    lines = [maker.line() for _ in range(interpreter.count * FACTOR)]
    answers = ask_table(say_input, name, lines)
    ran = wrong = 0
    directory = None
    for line, answer in zip(lines, answers):
        # Each in files of its own, as perl -i writes to them; java's take a second to make.
        if directory is None or interpreter.name != "java":
            directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
            make_files(interpreter, pathlib.Path(directory.name))
        real = run_real(interpreter, binary, line, directory.name)
        if os.environ.get("COMPARE_VERBOSE"):
            print(f"# {name} {line}: {real or 'refused'}, table: {answer}")
        ran += real != ""
        if real != "" and not is_same(line, real, answer):
            wrong += 1
            print(f"# {name} {line}: ran {real}, table: {answer}")
    tap.point(wrong == 0 and ran * 3 >= len(lines),
              f"{name}: {len(lines)} command lines, {ran} run, {wrong} read otherwise")
    lines = [maker.line(unknown=True) for _ in range(interpreter.count * FACTOR)]
    known = [line for line, answer in zip(lines, ask_table(say_input, name, lines))
             if answer != "unknown"]
    for line in known:
        print(f"# {name} {line}: not unknown")
    tap.point(not known, f"{name}: {len(lines)} command lines with an option that nobody knows")


def main():
    say_input, tap = sys.argv[1], Tap()
    only = sys.argv[2:]
    chosen = [one for one in INTERPRETERS if not only or one.name in only]
    print(f"1..{2 * len(chosen)}")
    print(f"# seed {SEED}")
    for interpreter in chosen:
        needs = words("java javac jar") if interpreter.name == "java" else (interpreter.name,)
        missing = [program for program in needs if shutil.which(program, path=PATH) is None]
        if missing:
            tap.skip(f"{interpreter.name}: command lines", f"{missing[0]} is not installed")
            tap.skip(f"{interpreter.name}: unknown options", f"{missing[0]} is not installed")
            continue
        compare(tap, interpreter, shutil.which(interpreter.name, path=PATH), say_input)


main()
