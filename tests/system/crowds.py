# SPDX-License-Identifier: MIT
"""Programs of other users, for the fixture start_as: Python code that says "ready" and then lasts
until the end of its input, or for ever."""

_ALL_DESCRIPTORS = """
import resource, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
"""

# ADDRESS PORT: one listener.
LISTEN = """
import socket, sys
made = socket.socket()
made.bind((sys.argv[1], int(sys.argv[2])))
made.listen(8)
print("ready", flush=True)
sys.stdin.read()
"""

# ADDRESS PORT COUNT: a listener on each of so many ports.
FLOOD = _ALL_DESCRIPTORS + """
address, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
held = []
for port in range(first, first + count):
    made = socket.socket()
    made.bind((address, port))
    made.listen(1)
    held.append(made)
print("ready", flush=True)
sys.stdin.read()
"""

# ADDRESS PORT COUNT EACH PAUSE: the same, and every EACH-th of them opened anew, again and again.
CHURN = _ALL_DESCRIPTORS + """
address, first, count, each, pause = sys.argv[1], *map(int, sys.argv[2:5]), float(sys.argv[5])
def listen(port):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(1)
    return made
held = [listen(first + number) for number in range(count)]
print("ready", flush=True)
while True:
    time.sleep(pause)  # pause: its pace
    for number in range(0, count, each):
        held[number].close()
        held[number] = listen(first + number)
"""

# PORT COUNT: suspects on so many ports, each a process that runs a file in memory only.
SUSPECTS = """
import os, subprocess, sys
with open("/usr/bin/python3", "rb") as file:
    program = file.read()
memory = os.memfd_create("x")
os.write(memory, program)
code = ("import socket, sys; made = socket.socket(); made.bind(('127.0.0.1', int(sys.argv[1])));"
        "made.listen(1); print(flush=True); sys.stdin.read()")
first, count = int(sys.argv[1]), int(sys.argv[2])
children = [subprocess.Popen([f"/proc/self/fd/{memory}", "-c", code, str(port)], pass_fds=[memory],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for port in range(first, first + count)]
for child in children:
    child.stdout.readline()
print("ready", flush=True)
sys.stdin.read()
"""
