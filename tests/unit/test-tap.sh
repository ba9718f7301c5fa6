#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The filter between cmocka and automake's driver: what each cmocka says of a skipped test.
here=${abs_top_srcdir:-.}/tests/unit
points=0

# point NAME INPUT OUTPUT: also that the exit status comes through.
point() {
	points=$((points + 1))
	output=$(sh "$here/tap" sh -c 'printf "%s\n" "$1"; exit 7' sh "$2")
	status=$?
	if [ "$output" = "$3" ] && [ "$status" = 7 ]; then
		echo "ok $points - $1"
	else
		echo "not ok $points - $1"
		printf 'status %s, expected 7\n%s\nexpected:\n%s\n' "$status" "$output" "$3" |
			sed 's/^/# /'
	fi
}

told='# skip: needs root'
point "cmocka 1.1.5" "$told
not ok 2 # SKIP one" "ok 2 - one # SKIP needs root"
point "cmocka 1.1.7" "$told
ok 2 # SKIP one" "ok 2 - one # SKIP needs root"
point "cmocka 2.0" "$told
ok 2 - one # SKIP" "ok 2 - one # SKIP needs root"
point "a failure stays one" "$told
not ok 2 - one
# 0x1 != 0x2
ok 3 - two" "not ok 2 - one
# 0x1 != 0x2
ok 3 - two"
point "a reason is for one test" "$told
ok 1 - one
ok 2 - two # SKIP" "ok 1 - one
not ok 2 - two was skipped and does not say why"
point "a whole program that is skipped" "1..0 # SKIP needs root" "1..0 # SKIP needs root"
echo "1..$points"
