#!/bin/sh
# SPDX-License-Identifier: MIT
#
# No two files need each other, however long the way round: what the objects of a room use of each
# other, by their symbols, has an order. Between rooms layers.sh sees to it.
# shellcheck source=tests/lint/tap.sh
. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

rooms="base model wire kernel config loop top"

objects() {
	case $1 in
	top) files 'daemon/*.c' | grep -E '^daemon/[^/]+$' ;;
	*) files "daemon/$1/*.c" ;;
	esac | while read -r file; do
		object=${abs_top_builddir:-.}/${file%.c}.o
		[ ! -e "$object" ] || echo "$object"
	done
}

# edges OBJECT...: "user definer", one a line.
edges() {
	nm -A "$@" | awk '
		{ file = $1; sub(/:[^:]*$/, "", file); sub(/.*\/daemon\//, "", file); sub(/\.o$/, ".c", file) }
		$(NF - 1) == "U" { count++; user[count] = file; used[count] = $NF }
		$(NF - 1) ~ /^[TDBRC]$/ { definer[$NF] = file }
		END {
			for (i = 1; i <= count; i++)
				if (used[i] in definer && definer[used[i]] != user[i])
					print user[i], definer[used[i]]
		}
	' | sort -u
}

lint() {
	if ! command -v nm >/dev/null || ! command -v tsort >/dev/null; then
		skip "no circles" "no nm, no tsort"
		return
	fi
	for room in $rooms; do
		objects=$(objects "$room")
		if [ -z "$objects" ]; then
			skip "no circle in $room" "nothing is built"
			continue
		fi
		# shellcheck disable=SC2086	# a list
		edges $objects | tsort 2>&1 >/dev/null | sed 's/^tsort: //; s/^-: //' |
			point "no circle in $room"
	done
}

run lint
