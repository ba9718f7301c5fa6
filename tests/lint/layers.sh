#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Holds the includes against the table in daemon/README: who may include whom, and which
# third-party headers have which address. The table is read from there.
# shellcheck source=tests/lint/tap.sh
. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

# The rows of the table in daemon/README: "room<TAB>rooms<TAB>headers".
table=$(awk '
	/^    room +rooms +third-party headers$/ { inside = 1; at = index($0, "rooms"); to = index($0, "third"); next }
	inside && /^    -/ { next }
	inside && !/^    / { exit }
	inside { print substr($0, 5, at - 5) "\t" substr($0, at, to - at) "\t" substr($0, to) }
' daemon/README | tr -s ' ' | sed 's/ *\t */\t/g; s/ *$//')

# allowed COLUMN NAME: the words of that column (2 = rooms, 3 = headers) in the row of a room or file.
allowed() { printf '%s\n' "$table" | awk -F '\t' -v column="$1" -v name="$2" '$1 == name { print $column }'; }

room_of() {
	case $1 in
	daemon/*/*) room=${1#daemon/}; echo "${room%%/*}" ;;
	*) echo top ;;
	esac
}

check_own() {
	room=$(room_of "$1")
	sed -n 's/^#include "\(.*\)"/\1/p' "$1" | while read -r header; do
		case $header in
		*/*) target=${header%%/*} ;;
		*) target=top ;;
		esac
		case " $room $(allowed 2 "$room") " in
		*" $target "*) ;;
		*) echo "$1: includes \"$header\", which $room may not" ;;
		esac
	done
}

# A header that no row of the table names is the C library's.
check_foreign() {
	room=$(room_of "$1")
	known=$(printf '%s\n' "$table" | cut -f 3 | tr ' ' '\n' | grep -v '^-$' | sort -u)
	sed -n 's/^#include <\(.*\)>/\1/p' "$1" | while read -r header; do
		for pattern in $known; do
			case $header in
			"$pattern"*) ;;
			*) continue ;;
			esac
			case " $(allowed 3 "$room") $(allowed 3 "${1#daemon/}") " in
			*" $pattern "*) ;;
			*) echo "$1: includes <$header>, which $room may not" ;;
			esac
		done
	done
}

# Every room of the table is there, and every room that is there stands in it.
check_table() {
	printf '%s\n' "$table" | cut -f 1 | while read -r name; do
		[ "$name" = top ] || [ -e "daemon/$name" ] || echo "daemon/README: no daemon/$name"
	done
	for room in $(for file in $sources; do room_of "$file"; done | sort -u); do
		[ -n "$(allowed 2 "$room")" ] || echo "daemon/README: no row for $room"
	done
}

# engine/ and model/ see neither descriptors nor clocks.
check_pure() {
	case $(room_of "$1") in
	engine | model) grep -nHE '\b(open|openat|read|write|socket|clock_[a-z_]+|time|getenv|getrandom)\(' "$1" ;;
	esac
}

# Modules of the name services run where names/ is, and nowhere else. Without them: fgetpwent(3).
check_name_services() {
	case $(room_of "$1") in
	names) ;;
	*) grep -nHE '\b(getpw|getgr|getspnam|getlogin|getservby|gethostby|initgroups|innetgr|endpw|endgr|setpw|setgr)[a-z_]*\(' "$1" |
		grep -v 'getgroups(' ;;
	esac
}

# The parts of a stay and who may change them: "part file...".
owners=$(awk '
	/^    part +what +owners in engine\/$/ { inside = 1; at = index($0, "owners"); next }
	inside && /^    -/ { next }
	inside && !/^    / { exit }
	inside { print $1, substr($0, at) }
' daemon/README)

# An assignment through a stay, or through a pointer that is called like the part.
check_owners() {
	[ -n "$owners" ] || echo "daemon/README: no table of the parts of a stay"
	printf '%s\n' "$owners" | while read -r part files; do
		for file in $(files 'daemon/engine/*.c'); do
			case " $files " in
			*" ${file##*/} "*) continue ;;
			esac
			grep -nHE "\\<$part(->|\\.)[]a-z0-9_.[]+ *([-+|&]?=([^=]|\$)|\+\+|--)" "$file" |
				grep -vE ":[[:space:]]*\.$part"
		done
	done
}

lint() {
	sources=$(files 'daemon/*.c' 'daemon/*.h')
	check_table | point "the table names the rooms there are"
	for file in $sources; do check_own "$file"; done | point "own includes keep to the layers"
	for file in $sources; do check_foreign "$file"; done | point "third-party headers have their address"
	for file in $sources; do check_pure "$file"; done | point "engine/ and model/ have no descriptor and no clock"
	for file in $sources; do check_name_services "$file"; done | point "name services are asked in names/ alone"
	check_owners | point "each part of a stay is changed by its owners"
	for room in $(for file in $sources; do room_of "$file"; done | sort -u); do
		[ "$room" = top ] || grep -q "^$room/ " daemon/README || echo "daemon/README lacks $room/"
	done | point "daemon/README names every room"
	for file in $(files 'daemon/*.c' | grep -E '^daemon/[^/]+$'); do
		grep -qF "${file#daemon/}" daemon/README || echo "daemon/README lacks ${file#daemon/}"
	done | point "daemon/README names every file beside it"
}

run lint
