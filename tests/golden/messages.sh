#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The words. All other tests hold fields and facts; this one holds the text of every message, in
# messages.txt, to be read in review: what the unit tests of daemon/alert/ render, and what the
# scenarios report (texts that differ in numbers alone once a scenario).
#
#	messages.sh		compares, prints TAP
#	messages.sh --update	writes messages.txt: make update-golden
set -u
LC_ALL=C
export LC_ALL
top=${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${abs_top_builddir:-$top}
golden=$top/tests/golden/messages.txt
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

if [ ! -x "$build/tests/unit/test-alert-message" ]; then
	echo '1..1'
	echo 'ok 1 # SKIP the unit tests were not built: cmocka is missing'
	exit 0
fi
bail() {
	echo "Bail out! $1"
	exit 99
}

cat >"$work/now" <<'END'
# SPDX-License-Identifier: MIT
# Written by `make update-golden`, to be read: the text of every message, below where it comes from.
END

# Each line is the test's function and the text.
for test in message owners say suspects; do
	OVERSTAY_TEXTS=$work/$test "$build/tests/unit/test-alert-$test" >"$work/log" 2>&1 ||
		bail "test-alert-$test fails"
	awk -v test="test-alert-$test" '
		$1 != last { print "== " test " " $1; last = $1 }
		{ print substr($0, length($1) + 2) }' "$work/$test"
done >>"$work/now"
"$build/tests/scenario/run" --texts >>"$work/now" || bail 'a scenario fails'

if [ "${1-}" = --update ]; then
	cp "$work/now" "$golden"
	exit
fi
echo 1..1
if diff -U1 -F '^==' "$golden" "$work/now" >"$work/diff"; then
	echo 'ok 1 - the texts are those of messages.txt'
else
	echo 'not ok 1 - the texts are those of messages.txt; make update-golden, and read the difference'
	sed 's/^/# /' "$work/diff"
fi
