# SPDX-License-Identifier: MIT
"""A kernel that fails, for one program of a test: faults.c, loaded before its other libraries."""
import mmap
import os
import struct

from harness import SOURCE, run

# As struct faults has them.
FIELDS = ("realtime_usec", "boottime_usec", "make_errno", "send_errno", "receive_errno", "every")
FORMAT = "=qqiiii"


class Faults:
    """set(make_errno=errno.EPERM) makes them happen from now on; without arguments, none."""

    def __init__(self, directory):
        library, control = directory / "faults.so", directory / "faults"
        run("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", library,
            SOURCE / "tests/system/faults.c")
        control.write_bytes(bytes(struct.calcsize(FORMAT)))
        with open(control, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 0)
        # Where sanitizers are, their library would be the first.
        self.environment = {
            "LD_PRELOAD": str(library), "FAULTS": str(control),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def set(self, **values):
        self._shared[:] = struct.pack(FORMAT, *(values.pop(name, 0) for name in FIELDS))
        assert not values, values

    def close(self):
        self._shared.close()
