#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sockets in quantity, in the network namespace it is run in.

    load.py listeners COUNT [FIRST-PORT]   TCP and UDP, IPv4 and IPv6, one on each port or more
    load.py tcp-listeners COUNT            TCP alone
    load.py many-listeners COUNT           TCP and UDP, all ports of the range on each address
    load.py connections COUNT              TCP: each one socket in the range, one outside of it
    load.py churn COUNT                    as listeners, in ports of their own, anew each second

A process can open 20,000 descriptors here and there, so it spreads over as many as are needed.
Says "ready" on stdout once all are there, and lets go of them at the end of its stdin.
"""
import resource
import select
import socket
import subprocess
import sys

SHARE = 8000
RANGE = range(32768, 65536)
KINDS = ((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET6, socket.SOCK_STREAM),
         (socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET6, socket.SOCK_DGRAM))
SERVER_PORT = 10000
CHURN_PORT = RANGE[24000]


def listener(family, kind, address, port):
    """A listening socket; IPv6 keeps to itself, so that both families have the port."""
    made = socket.socket(family, kind)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((address, port))
    if kind == socket.SOCK_STREAM:
        made.listen(1)
    return made


def listeners(first, count, port):
    """The sockets number first to first + count - 1 of the mixture, four to a port."""
    loopback = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
    for number in range(first, first + count):
        family, kind = KINDS[number % len(KINDS)]
        yield listener(family, kind, loopback[family], port + number // len(KINDS))


def tcp_listeners(first, count, _port):
    for number in range(first, first + count):
        yield listener(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1", RANGE[number])


def many_listeners(first, count, _port):
    for number in range(first, first + count):
        address, place = divmod(number, 2 * len(RANGE))
        yield listener(socket.AF_INET, KINDS[2 * (place % 2)][1], f"127.2.{address}.1",
                       RANGE[place // 2])


def connections(first, count, _port):
    """Clients with ports the kernel picked, and what was accepted on one port outside the range."""
    # An address for each process: there are not ports enough for all on one.
    address = f"127.1.{first // SHARE}.1"
    with listener(socket.AF_INET, socket.SOCK_STREAM, address, SERVER_PORT) as server:
        for _ in range(count):
            yield socket.create_connection((address, SERVER_PORT))
            yield server.accept()[0]


def churn(first, count, _port):
    return listeners(first, count, CHURN_PORT)


WHAT = {"listeners": listeners, "tcp-listeners": tcp_listeners,
        "many-listeners": many_listeners, "connections": connections, "churn": churn}


def hold(what, first, count, port):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = list(WHAT[what](first, count, port))
    print("ready", flush=True)
    while what == "churn" and not select.select([sys.stdin], [], [], 1)[0]:
        for made in held:
            made.close()
        held = list(WHAT[what](first, count, port))
    sys.stdin.read()
    del held


def spread(what, count, port):
    """Processes that hold a share each; all of them see the end of our stdin."""
    shares = [(first, min(SHARE, count - first)) for first in range(0, count, SHARE)]
    processes = []
    for first, share in shares:
        command = [sys.executable, "-B", __file__, what, str(share), str(port), str(first)]
        # pylint: disable-next=consider-using-with
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        if processes[-1].stdout.readline() != "ready\n":
            sys.exit("load.py: not all sockets could be had")
    print("ready", flush=True)
    for process in processes:
        process.wait()


def main(what, count, port=RANGE[0], first=None):
    if first is None:
        spread(what, int(count), int(port))
    else:
        hold(what, int(first), int(count), int(port))


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in WHAT:
        sys.exit(__doc__)
    main(*sys.argv[1:])
