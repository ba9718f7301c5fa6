# SPDX-License-Identifier: MIT
"""Every situation of the labelled set, started side by side, and what the journal says of each."""
import os
import pathlib

import pytest

import situations
from conftest import CONFIG, Service, clean_up, mask_packaged_rules
from harness import run, wait_until
from stage import ASKED, AUTO, Scene, Stage, listening

CONFIGURATION = f"""interval: 200ms
ranges: ["{ASKED[0]}-{AUTO[-1]}"]
threshold: 2s
user: {{threshold: 2s}}
udp: {{threshold: 2s, auto: 2s}}
suspect: {{threshold: 0s, weak_threshold: 2s}}
grace: 500ms
log: {{appeared: info, vanished: info, udp: info, after: 500ms}}
"""
ALERTS = ("overstay", "suspect")
FIELDS = {
    "owner": "OVERSTAY_OWNER", "owner_reason": "OVERSTAY_OWNER_REASON", "exe": "OVERSTAY_EXE",
    "user": "OVERSTAY_USER", "unit": "OVERSTAY_UNIT", "user_unit": "OVERSTAY_USER_UNIT",
    "container": "OVERSTAY_CONTAINER", "forwards_to": "OVERSTAY_FORWARDS_TO",
    "script": "OVERSTAY_SCRIPT", "title": "OVERSTAY_TITLE", "holders": "OVERSTAY_HOLDERS",
    "hints": "OVERSTAY_HINTS",
    "exposure": "OVERSTAY_EXPOSURE", "origin": "OVERSTAY_ORIGIN",
}


class Told:
    """What was started, on which ports, and the entries about them."""

    def __init__(self, service):
        self.service = service
        self.ports, self.facts, self.failures, self.entries = {}, {}, {}, []

    def of(self, protocol, port, events=ALERTS):
        return [entry for entry in self.entries
                if entry.get("OVERSTAY_PORT") == str(port)
                and entry.get("OVERSTAY_PROTOCOL") == protocol
                and entry.get("OVERSTAY_EVENT") in events]

    def read(self):
        # Of this run of the service alone: other tests have suspects, too.
        self.entries = self.service.entries()
        return self

    def missing(self):
        """Rows of which no alert is there yet."""
        return [one.name for one in situations.TABLE if one.alert and one.name in self.ports
                and not all(self.of(one.protocol, port) for port in self.ports[one.name])]


def start(one, stage, port, told):
    """Starts a situation and notes the ports it listens on."""
    scene = Scene(stage, one.name, 0 if one.auto else port)
    before = listening(one.protocol)
    one.start(scene)
    told.facts[one.name] = scene.facts
    if not one.alert:
        told.ports[one.name] = []
        return scene
    if one.auto:
        def new():
            found = {port for port in listening(one.protocol) - before if port in AUTO}
            return sorted(found) if len(found) >= one.auto else None

        told.ports[one.name] = wait_until(new, 20, f"{one.name} listens on {one.auto} ports")
    else:
        scene.wait_listening(one.protocol)
        told.ports[one.name] = [port]
    return scene


@pytest.fixture(scope="module", name="stage")
def _stage(tmp_path_factory):
    directory = tmp_path_factory.mktemp("stage")
    # Every account has to get at the sockets in there.
    for part in (directory, *directory.parents[:2]):
        part.chmod(0o755)
    made = Stage(directory)
    yield made
    made.close()


@pytest.fixture(scope="module", name="told")
def _told(stage):
    """All situations, started and told of."""
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(CONFIGURATION, encoding="utf-8")
    mask_packaged_rules()
    run("systemctl", "start", "overstayd.service")
    told, scenes = Told(Service()), {}
    for number, one in enumerate(situations.TABLE):
        # A situation that cannot be made fails its own test, not the others.
        try:
            scenes[one.name] = start(one, stage, ASKED[number], told)
        except (AssertionError, OSError, KeyError) as failure:
            told.failures[one.name] = str(failure)
            continue
        if one.later is not None:
            wait_until(lambda port=ASKED[number]: told.read().of("tcp", port, ("appeared",)), 20)
            one.later(scenes[one.name])
    try:
        wait_until(lambda: not told.read().missing(), 30)
    except AssertionError:
        pass  # Each row says for itself that nothing was told of it.
    yield told
    clean_up()


def expected(one, told):
    wanted = {**situations.USUAL, **told.facts.get(one.name, {}), **one.owner}
    return {"class": one.listener_class, "reasons": set(one.reasons),
            **{name: value for name, value in wanted.items() if value is not ...}}


def words(value):
    """A field's value, or those of a repeated one, as a set of words."""
    values = value if isinstance(value, list) else [value or ""]
    return {word for text in values for word in text.replace(",", " ").split()}


def got(entry, wanted):
    """The entry in the row's words."""
    values = {"class": entry.get("OVERSTAY_CLASS"), "reasons": words(entry.get("OVERSTAY_REASONS"))}
    for name in wanted.keys() & FIELDS.keys():
        values[name] = entry.get(FIELDS[name])
    # Beside the id its kind may stand.
    identity = wanted.get("container")
    if identity and identity in (values["container"] or ""):
        values["container"] = identity
    return values


def differences(one, told):
    """Lines that say what is not as expected, empty where all is."""
    if one.name in told.failures:
        return [f"could not be started: {told.failures[one.name]}"]
    lines, wanted = [], expected(one, told)
    for port in told.ports[one.name]:
        alerts = told.of(one.protocol, port)
        if not alerts:
            lines.append(f"{port}: nothing was told")
            continue
        found = got(alerts[-1], wanted)
        lines += [f"{port}: {name} is {found[name]}, expected {wanted[name]}"
                  for name in wanted if found[name] != wanted[name]]
        events = {entry["OVERSTAY_EVENT"] for entry in alerts}
        event = "suspect" if one.listener_class == "suspect" else "overstay"
        if events != {event}:
            lines.append(f"{port}: told as {sorted(events)}, expected {event}")
    if not one.alert:
        unit = told.facts[one.name]["unit"]
        lines += [entry["MESSAGE"] for entry in told.entries
                  if entry.get("OVERSTAY_UNIT") == unit
                  and (entry.get("OVERSTAY_CLASS") == "suspect"
                       or entry["OVERSTAY_EVENT"] in ALERTS)]
    return lines


@pytest.mark.parametrize("one", situations.TABLE, ids=lambda one: one.name)
def test_situation(told, one):
    assert not differences(one, told)


def test_short_lived_ports_were_there(told):
    """What is never to be a suspect was really looked at: it is no news only for its shortness."""
    unit = told.facts["ftp-passive"]["unit"]
    assert run("systemctl", "is-active", unit).stdout == "active\n"


def table(told):
    """Expected and got, a situation on some lines."""
    lines = []
    for one in situations.TABLE:
        wrong = differences(one, told)
        wanted = expected(one, told)
        lines.append(f"{'ok    ' if not wrong else 'DIFFER'} {one.name}")
        lines.append("       expected " + show_values(wanted))
        for port in told.ports.get(one.name, [])[:1]:
            for entry in told.of(one.protocol, port)[-1:]:
                lines.append("       got      " + show_values(got(entry, wanted)))
                lines.append("       " + entry["MESSAGE"])
        lines += ["       ! " + text for text in wrong]
    return "\n".join(lines) + "\n"


def show_values(values):
    return "  ".join(f"{name}={','.join(sorted(value)) if isinstance(value, set) else value}"
                     for name, value in sorted(values.items()) if value not in (None, set()))


def test_the_table_is_kept(told):
    """The whole of it as text, beside the other results; no suspect was wrong and none missed."""
    results = os.environ.get("OVERSTAY_RESULTS")
    text = table(told)
    print(text)
    if results:
        pathlib.Path(results, "situations.txt").write_text(text, encoding="utf-8")
    suspects = {one.name for one in situations.TABLE if one.listener_class == "suspect"}
    ports = {(one.protocol, port): one.name for one in situations.TABLE
             for port in told.ports.get(one.name, [])}
    said = {ports.get((entry["OVERSTAY_PROTOCOL"], int(entry["OVERSTAY_PORT"])),
                      entry["MESSAGE"])
            # Many of one user's have a sum beside them.
            for entry in told.entries
            if entry.get("OVERSTAY_EVENT") == "suspect" and "OVERSTAY_PORT" in entry}
    assert said == suspects
    assert len(situations.TABLE) >= 60
