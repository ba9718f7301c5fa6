#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The tables of options (daemon/model/interpreters.c) against the interpreters that are installed.
here=${abs_top_srcdir:-.}/tests/unit
if ! command -v python3 >/dev/null; then
	echo "1..1"
	echo "ok 1 - interpreters # SKIP python3 is not installed"
	exit 0
fi
exec python3 -B "$here/compare-arguments.py" "${abs_top_builddir:-.}/tests/unit/say-input" "$@"
