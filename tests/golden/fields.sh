#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The interface that messages are, in fields.txt: kinds with their ids, fields with their types and
# the kinds that may have them. Others build on it: a line that changes or goes needs another
# FIELDS_SCHEMA (daemon/alert/field-type.h) and a line in NEWS; a line that is new needs neither.
# That real messages keep to it is held by tests/unit/field-check.c, wherever one is rendered.
#
#	fields.sh		compares, prints TAP
#	fields.sh --update	writes fields.txt: make update-golden
set -u
LC_ALL=C
export LC_ALL
top=${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${abs_top_builddir:-$top}
golden=$top/tests/golden/fields.txt
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

cat >"$work/now" <<'END'
# SPDX-License-Identifier: MIT
# Written by `make update-golden`. Lines may be added; to change or remove one takes another schema.
END
"$build/tests/golden/list-fields" >>"$work/now" || {
	echo 'Bail out! list-fields fails'
	exit 99
}
if [ "${1-}" = --update ]; then
	cp "$work/now" "$golden"
	exit
fi
echo 1..1
if diff "$golden" "$work/now" >"$work/diff"; then
	echo 'ok 1 - kinds and fields are those of fields.txt'
else
	echo 'not ok 1 - kinds and fields are those of fields.txt; make update-golden, and read the difference'
	sed 's/^/# /' "$work/diff"
fi
