# SPDX-License-Identifier: MIT
"""Fixtures of all system tests: what a test makes is gone after it, however it ends."""
import os

import pytest

import harness


def pytest_configure():
    if os.geteuid() != 0:
        pytest.exit("the system tests need root", returncode=125)


@pytest.fixture(name="namespace")
def _namespace():
    made = harness.Namespace()
    yield made
    made.close()


@pytest.fixture(name="listen")
def _listen(namespace):
    """listen(port, ...): a listener in the namespace, held by the test's process."""
    made = []

    def listen(*arguments, **options):
        made.append(namespace.listen(*arguments, **options))
        return made[-1]

    yield listen
    for listener in made:
        listener.close()


@pytest.fixture(name="listener_process")
def _listener_process(namespace):
    """listener_process(port, ...): a listener of a process of its own."""
    made = []

    def start(*arguments, **options):
        made.append(harness.ListenerProcess(namespace, *arguments, **options))
        return made[-1]

    yield start
    for listener in made:
        if not listener.process.stdin.closed:
            listener.close()


@pytest.fixture(name="daemon")
def _daemon(namespace, tmp_path):
    """daemon(config, ...): overstayd in the namespace; ended at the end, all its lines shown."""
    made = []

    def start(config=None, **options):
        options.setdefault("namespace", namespace)
        options.setdefault("directory", tmp_path)
        made.append(harness.Daemon(config=config, **options))
        return made[-1]

    yield start
    for one in made:
        if not one.process.stdout.closed:
            one.stop()
        print("\n".join(one.lines))


@pytest.fixture(name="start_as")
def _start_as(namespace):
    """See harness.started_as(): in the namespace."""
    with harness.started_as(namespace) as start:
        yield start
