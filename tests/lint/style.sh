#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What can be counted of the style: licence lines, lengths, words that must not stay behind.
# shellcheck source=tests/lint/tap.sh
. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

lint() {
	sources=$(files '*.c' '*.h')
	scripts=$(files 'contrib/*' 'tests/*' '.ci/*' | grep -vE '\.(c|h|am|yaml|scenario|dict|md)$|/corpus/|README|fragment|debian/(changelog|copyright|docs|source/)')

	for file in $sources; do
		head -n 1 "$file" | grep -qxF '/* SPDX-License-Identifier: MIT */' || echo "$file"
	done | point "every C file opens with its licence"

	for file in $scripts; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file"
	done | point "every script opens with its licence"

	for file in $sources; do
		expand -t 8 "$file" | awk -v file="$file" 'length > 100 { print file ":" NR ": " length " columns" }'
	done | point "no line is longer than 100 columns"

	# What a newer clang-format makes of the same .clang-format differs.
	if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
		# shellcheck disable=SC2086	# a list
		clang-format --dry-run $sources 2>&1 | grep 'warning: code should be clang-formatted' |
			cut -d : -f 1 | uniq -c | awk '{ print $2 ": " $1 " places" }' |
			point "C is as clang-format writes it"
	else
		skip "C is as clang-format writes it" "no clang-format 14 here"
	fi

	# shellcheck disable=SC2086	# a list
	wc -l $sources | awk '$2 != "total" && $1 > 700 { print $2 ": " $1 " lines" }' |
		point "no file is longer than 700 lines"

	# A function begins with its opening brace in the first column and ends with the closing one.
	for file in $(files '*.c'); do
		awk -v file="$file" '
			/^{/ { begin = NR }
			/^}/ && begin { if (NR - begin > 100) print file ":" begin ": " NR - begin " lines"; begin = 0 }
		' "$file"
	done | point "no function is longer than 100 lines"

	# The compiler sees the same in one file only.
	for file in $(files 'daemon/*.c' 'daemon/*.h'); do
		sed -nE "s,^(struct|enum|union) ([a-z0-9_]+) \{.*,\2	$file,p" "$file"
	done | awk -F '\t' '
		($1 in file) { print file[$1] ", " $2 ": " $1; next }
		{ file[$1] = $2 }
	' | point "no tag of a structure stands for two things in daemon/"

	files 'daemon/*.c' 'daemon/*.h' 'tests/scenario/*.c' | grep -vxF daemon/base/array.c |
		xargs grep -nHE '\b(realloc|reallocarray)\(' | point "arrays grow by base/array.h"

	files 'daemon/*.c' 'daemon/*.h' 'tests/scenario/*.c' | grep -vxF daemon/base/search.h |
		xargs grep -nHE '\bbsearch\(|\((high - low|low \+ high)\)' |
		point "binary searches are base/search.h's"

	# Of all others, what is opened gives no access to its contents.
	for file in $(files 'daemon/lookup/*.c'); do
		case $file in
		*/content.c) continue ;; # what a process chose
		*/cgroup.c | */files.c | */host.c | */proc.c | */ring.c) continue ;; # the kernel's
		esac
		sed -e 's|^ \*.*||' -e 's|/\*.*\*/||' "$file" | tr '\n\t' '  ' | tr ';' '\n' |
			grep -E '[^a-z_](fopen|opendir|open|openat|openat2) *\(' | grep -v O_PATH |
			sed "s|^ *|$file: |"
	done | point "what a process chose is read by lookup/content.h alone"

	# The words are written so that this file does not find itself.
	for word in 'TO''DO' 'FIX''ME' 'X''XX'; do
		files 'daemon/*' 'conf/*' 'systemd/*' 'contrib/*' 'tests/*' '.ci/*' README \
				configure.ac Makefile.am | grep -v '/corpus/' | xargs grep -nHIw "$word"
	done | point "nothing is left to be done"

	files 'tests/*.py' 'tests/*.sh' 'contrib/*' 'tests/system/*' | xargs grep -nHIE '\b(time\.)?sleep[ (]' |
		grep -vE 'lint/style\.sh|# (poll$|pause: )' | point "tests wait for facts, not for time"

	for file in $sources; do
		awk -v file="$file" '
			/^{/ { inside = 1 } /^}/ { inside = 0 }
			inside && /^#[ \t]*if/ { print file ":" NR }
		' "$file"
	done | point "no #if inside functions"

	files 'tests/*.c' 'tests/*.h' | grep -vxF tests/unit/skip.h |
		xargs grep -nHE '(^|[^_a-z])(assert_(not_)?in_range|skip|stop)\(' |
		point "of cmocka what 1.1 and 2.0 have, and skips by skip.h"

	{ git ls-files 2>/dev/null || true; } | sed 's|/.*||' | sort -u |
		grep -vxE 'configure\.ac|Makefile\.am|daemon|conf|systemd|tests|contrib|README|COPYING|NEWS|SECURITY\.md|\..*' |
		point "the top level holds nothing else"
}

run lint
