#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the compiled objects say of each other: which file calls which, and what nobody calls. It is
# read from the symbol tables (nm), so that no comment and no declaration counts as a use.
# shellcheck source=tests/lint/tap.sh
. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

builddir=${abs_top_builddir:-.}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

# The room of a file's path, for awk.
room_of='function room_of(path, parts) { return split(path, parts, "/") > 2 ? parts[2] : "top" }'

# The objects of the libraries and of both programs, as make names them: what a former build left
# behind is none.
list_objects() {
	make -s --no-print-directory -C "$builddir" print-objects 2>/dev/null | tr ' ' '\n' | grep '\.o$'
}

# "FILE SYMBOL defined|used", of global symbols. What begins with an underscore or has a dot in it
# is the compiler's: sanitizers and coverage add such.
read_symbols() {
	# shellcheck disable=SC2046	# a list
	(cd "$builddir" && nm -A -P -g $(cat "$scratch/objects")) |
		awk '$2 !~ /^_|\./ { sub(/\.o:$/, ".c", $1); print $1, $2, $3 == "U" ? "used" : "defined" }'
}

# "USER FILE SYMBOL", USER being another file than the one that defines the symbol.
read_uses() {
	awk '
		NR == FNR { if ($3 == "defined") file[$2] = $1; next }
		$3 == "used" && ($2 in file) && file[$2] != $1 { print $1, file[$2], $2 }
	' "$scratch/symbols" "$scratch/symbols" | sort
}

# Takes away, again and again, what uses nothing and what nothing uses: circles remain.
circles_of() {
	awk -v room="$1" "$room_of"'
		room_of($1) == room && room_of($2) == room { user[++count] = $1; used[count] = $2; symbol[count] = $3 }
		END {
			do {
				split("", uses); split("", is_used); gone = 0
				for (i in user) { uses[user[i]] = 1; is_used[used[i]] = 1 }
				for (i in user)
					if (!(user[i] in is_used) || !(used[i] in uses)) { delete user[i]; gone = 1 }
			} while (gone)
			for (i = 1; i <= count; i++)
				if (i in user)
					print "in a circle: " user[i] " uses " used[i] " (" symbol[i] ")"
		}
	' "$scratch/uses"
}

# What tests, fuzzers and benchmarks name may be global for their sake.
list_test_words() {
	files 'tests/*.c' 'tests/*.h' | xargs grep -hv '^ \*' | tr -cs 'A-Za-z0-9_' '\n' | sort -u
}

list_unused() {
	awk '
		FILENAME ~ /uses$/ { known[$3] = 1; next }
		FILENAME ~ /words$/ { known[$1] = 1; next }
		$3 == "defined" && !($2 in known) && $2 != "main" {
			print $1 ": no other file uses " $2
		}
	' "$scratch/uses" "$scratch/words" "$scratch/symbols"
}

lint() {
	why=
	list_objects >"$scratch/objects"
	if ! command -v nm >/dev/null; then
		why="no nm here"
	elif [ ! -s "$scratch/objects" ] || ! (cd "$builddir" && xargs ls <"$scratch/objects" >/dev/null 2>&1); then
		why="nothing is built here"
	else
		read_symbols >"$scratch/symbols"
		read_uses >"$scratch/uses"
		# With -flto the tables are the compiler's own.
		[ -s "$scratch/uses" ] || why="nm reads no symbols from these objects"
	fi
	if [ -n "$why" ]; then
		skip "no files of a room call each other in a circle" "$why"
		skip "no function and no global is unused" "$why"
		return
	fi
	list_test_words >"$scratch/words"
	awk "$room_of"'{ print room_of($1) }' "$scratch/symbols" | sort -u | while read -r room; do
		circles_of "$room"
	done | point "no files of a room call each other in a circle"
	list_unused | sort | point "no function and no global is unused"
}

run lint
