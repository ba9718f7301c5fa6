#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Holds the includes against the table in daemon/README: who may include whom, and which
# third-party headers have which address.
# shellcheck source=tests/lint/tap.sh
. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

# room: what it may include beside itself. "top" is daemon/*.c.
allowed() {
	case $1 in
	base) echo base ;;
	core) echo core base ;;
	kernel) echo kernel core base lookup/protocol.h ;;
	config | alert | store) echo "$1" core base ;;
	lookup) echo lookup core/owner.h core/program.h base ;;
	top) echo base core kernel config alert store top ;;
	esac
}

# header pattern: rooms that may include it
addresses='
event2/:top
yaml.h:config
nettle/:config lookup
systemd/sd-journal.h:alert/journal.c
systemd/:top alert/journal.c lookup
libmnl/:kernel
sqlite3.h:store
linux/:kernel lookup
cap-ng.h:top lookup
seccomp.h:lookup
libsmartcols.h:once.c
jansson.h:once.c
'

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
		for one in $(allowed "$room"); do
			[ "$one" = "$target" ] && continue 2
			[ "$one" = "$header" ] && continue 2
		done
		echo "$1: includes \"$header\", which $room may not"
	done
}

check_foreign() {
	room=$(room_of "$1")
	sed -n 's/^#include <\(.*\)>/\1/p' "$1" | while read -r header; do
		for line in $(echo "$addresses" | tr ' ' '+'); do
			pattern=${line%%:*}
			case $header in
			"$pattern"*) ;;
			*) continue ;;
			esac
			for one in $(echo "${line#*:}" | tr '+' ' '); do
				[ "$one" = "$room" ] && continue 3
				[ "daemon/$one" = "$1" ] && continue 3
			done
			echo "$1: includes <$header>, whose address is ${line#*:}"
			continue 2
		done
	done
}

# core/ and base/ see neither descriptors nor clocks.
check_pure() {
	case $(room_of "$1") in
	core) grep -nHE '\b(open|openat|read|write|socket|clock_[a-z_]+|time|getenv|getrandom)\(' "$1" ;;
	esac
}

lint() {
	sources=$(files 'daemon/*.c' 'daemon/*.h')
	for file in $sources; do check_own "$file"; done | point "own includes keep to the layers"
	for file in $sources; do check_foreign "$file"; done | point "third-party headers have their address"
	for file in $sources; do check_pure "$file"; done | point "core/ has no descriptor and no clock"
	for room in $(for file in $sources; do room_of "$file"; done | sort -u); do
		[ "$room" = top ] || grep -q "^$room/ " daemon/README || echo "daemon/README lacks $room/"
	done | point "daemon/README names every room"
	for file in $(files 'daemon/*.c' | grep -E '^daemon/[^/]+$'); do
		grep -qF "${file#daemon/}" daemon/README || echo "daemon/README lacks ${file#daemon/}"
	done | point "daemon/README names every file beside it"
}

run lint
