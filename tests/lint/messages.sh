#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every kind of message has an entry in the catalogue and a place in overstayd(8), every field has
# its line in the manual, and neither of them speaks of what does not exist. A field that only the
# catalogue's @FIELD@ knows is an error too. Every notice has a sentence, and no words of a message
# stand outside of daemon/alert/. TAP.
set -u
top=${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
events=$top/daemon/alert/events.c
notices=$top/daemon/model/notice.c
# As arguments: the checkout may have a space in its path.
set -- "$top/daemon/alert/fields.c" "$top/daemon/alert/fields-stay.c" \
	"$top/daemon/alert/fields-owner.c"
catalogue=$top/systemd/overstay.catalog
manual=$top/daemon/overstayd.8
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# MESSAGE_ID and word of each row.
tr '\n' ' ' <"$events" |
	grep -o '\[EVENT_[A-Z_]*\] = { "[A-Z]*", *"[0-9a-f]\{32\}"' |
	sed 's/.*{ "\([A-Z]*\)", *"\([0-9a-f]*\)"/\2 \1/' | sort >"$work/events"
cut -d' ' -f1 "$work/events" >"$work/ids"
cut -d' ' -f2 "$work/events" | sort -u >"$work/words"
sed -n 's/^-- \([0-9a-f]\{32\}\)$/\1/p' "$catalogue" | sort >"$work/ids-catalogue"

# Fields of the tables, and the facts of notices that are fields.
{
	sed -n 's/^\t{ "\([A-Z0-9_]*\)", FIELDS_.*/\1/p' "$@"
	# MESSAGE= is the text itself.
	echo MESSAGE
	sed -n 's/^\t\[FACT_[A-Z_]*\] = { "\([A-Z_]*\)", FACT_TYPE_[A-Z_]*, true },$/OVERSTAY_\1/p' "$notices"
} | sort -u >"$work/fields"
section() {
	sed -n "/^\\.Sh $1\$/,/^\\.Sh /p" "$manual"
}
section 'JOURNAL FIELDS' | sed -n 's/^\.It Dv \(.*\)/\1/p' | tr ' ' '\n' |
	grep -v '^,\{0,1\}$' | sort -u >"$work/fields-manual"
# Each name below the type in the list of types, as list-fields prints them.
section 'JOURNAL FIELDS' | awk '
	/^\.S[sh] / { inside = $0 == ".Ss Types" }
	inside && /^\.It Em / { type = $0; sub(/^\.It Em /, "", type) }
	inside && type != "" && /^\.Dv / {
		for (i = 2; i <= NF; i++)
			if ($i != "," && $i != ".")
				print $i "\t" type
	}' | sort >"$work/types-manual"
"${abs_top_builddir:-$top}/tests/golden/list-fields" | sed -n 's/^field \(.*\)\t:.*/\1/p' | sort >"$work/types"
section MESSAGES | sed -n 's/^\.It Sy \([A-Z]*\).*/\1/p' | sort -u >"$work/words-manual"
grep -o '@[A-Z0-9_]*@' "$catalogue" | tr -d @ | sort -u >"$work/fields-catalogue"

number=0
ok() {
	number=$((number + 1))
	echo "ok $number - $1"
}
# same WHAT A B: both files hold the same lines, and some.
same() {
	if [ -s "$2" ] && diff "$2" "$3" >"$work/diff"; then
		ok "$1"
		return
	fi
	number=$((number + 1))
	echo "not ok $number - $1"
	sed 's/^/# /' "$work/diff" 2>/dev/null
}

echo 1..10
same 'each kind has a catalogue entry, and each entry a kind' "$work/ids" "$work/ids-catalogue"
same 'overstayd(8) has the words of all kinds' "$work/words" "$work/words-manual"
same 'overstayd(8) has all fields' "$work/fields" "$work/fields-manual"
same 'overstayd(8) has every field under its type' "$work/types" "$work/types-manual"
comm -13 "$work/fields" "$work/fields-catalogue" >"$work/unknown"
# journalctl replaces names of letters only.
grep '[0-9]' "$work/fields-catalogue" >>"$work/unknown"
if [ -s "$work/fields-catalogue" ] && ! [ -s "$work/unknown" ]; then
	ok 'the catalogue names fields that exist, without digits'
else
	number=$((number + 1))
	echo "not ok $number - the catalogue names fields that exist, without digits"
	sed 's/^/# /' "$work/unknown"
fi
# Every row counts: a table that the patterns above only half read would pass unseen.
grep -c '^	\[EVENT_' "$events" >"$work/rows"
wc -l <"$work/ids" | tr -d ' ' >"$work/read"
same 'every row of the table of kinds was read' "$work/rows" "$work/read"
cat "$@" >"$work/tables"
grep -c '^	{ "[A-Z]' "$work/tables" >"$work/rows"
grep -c '^	{ "[A-Z0-9_]*", FIELDS_' "$work/tables" >"$work/read"
same 'every row of the tables of fields was read' "$work/rows" "$work/read"
grep -c '^	\[FACT_[A-Z_]*\] = {' "$notices" >"$work/rows"
grep -c '^	\[FACT_[A-Z_]*\] = { "[A-Z_]*", FACT_TYPE_[A-Z_]*, \(true\|false\) },$' "$notices" >"$work/read"
same 'every row of the table of facts was read' "$work/rows" "$work/read"
# A fact is a value: a number, a name, a list. What hands one over has no sentence for it.
grep -o '^	\[NOTICE_[A-Z_]*\]' "$notices" | sort >"$work/notices"
grep -o '^	\[NOTICE_[A-Z_]*\] = "' "$top/daemon/alert/say.c" | sed 's/ = "//' | sort >"$work/sentences"
same 'every notice has a sentence in daemon/alert/' "$work/notices" "$work/sentences"
find "$top/daemon" -name '*.c' ! -path "*/daemon/alert/*" -exec cat {} + | tr '\n' ' ' |
	grep -oE '(fact_text|report_new|report_new_stay|conditions_begin|outlet_put|engine_put|outbox_put)\([^;]*;' |
	grep -F '"' >"$work/words-outside"
if [ -s "$work/sentences" ] && ! [ -s "$work/words-outside" ]; then
	ok 'no words of a message stand outside of daemon/alert/'
else
	number=$((number + 1))
	echo "not ok $number - no words of a message stand outside of daemon/alert/"
	sed 's/^/# /' "$work/words-outside"
fi
