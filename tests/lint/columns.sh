#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The columns of --once (the table of daemon/serve/columns.c) against COLUMNS of overstayd(8): the same
# names, each under the type of its key in JSON. What is no field of the journal is told there.
# shellcheck source=tests/lint/tap.sh
. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

list=${abs_top_builddir:?is set by make check}/tests/lint/list-columns
manual=daemon/overstayd.8

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

# "NAME<tab>TYPE" of each name in a line ".Va NAME , NAME ," below ".It Em TYPE".
manual_columns() {
	awk '
		/^\.Sh / { inside = $2 == "COLUMNS" }
		!inside { next }
		/^\.(It|El)/ { type = ""; if ($2 == "Em") { type = $0; sub(/^\.It Em /, "", type) } }
		type != "" && /^\.Va / {
			for (i = 2; i <= NF; i++)
				if ($i != "," && $i != ".")
					print $i "\t" type
		}
	' "$manual" | sort
}

# The names under ".It Va NAME": what a field does not say.
manual_own() {
	awk '
		/^\.Sh / { inside = $2 == "COLUMNS" }
		inside && /^\.It Va / { print $3 }
	' "$manual" | sort
}

# The fields of JOURNAL FIELDS as names of columns.
manual_fields() {
	awk '
		/^\.Sh / { inside = $0 == ".Sh JOURNAL FIELDS" }
		inside && /^\.It Dv OVERSTAY_/ {
			for (i = 3; i <= NF; i++)
				if ($i != ",")
					print tolower(substr($i, 10))
		}
	' "$manual" | sort -u
}

lint() {
	"$list" | sort >"$scratch/table"
	manual_columns >"$scratch/manual"
	[ -s "$scratch/table" ] || echo "no columns" >"$scratch/failed"
	{ diff "$scratch/table" "$scratch/manual" | grep '^[<>]'; cat "$scratch/failed" 2>/dev/null; } |
		point "overstayd.8 has every column under its type"

	cut -f 1 "$scratch/table" >"$scratch/names"
	manual_fields >"$scratch/fields"
	comm -23 "$scratch/names" "$scratch/fields" >"$scratch/strange"
	manual_own >"$scratch/own"
	comm -23 "$scratch/strange" "$scratch/own" |
		point "what is no field of the journal is explained"
}

run lint
