#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Scripts, manuals and the command line: what other programs can check.
# shellcheck source=tests/lint/tap.sh
. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

lint() {
	shells=$(files 'contrib/*' 'tests/*' '.ci/*' | while read -r file; do
		head -n 1 "$file" | grep -aqE '^#!.*\b(sh|bash)$' && echo "$file"
	done)
	if command -v shellcheck >/dev/null; then
		# shellcheck disable=SC2086	# a list
		shellcheck -x -P . $shells 2>&1 | point "shellcheck finds nothing"
	else
		skip "shellcheck finds nothing" "no shellcheck here"
	fi

	manuals=$(files '*.[1578]')
	if command -v mandoc >/dev/null; then
		# shellcheck disable=SC2086	# a list
		mandoc -T lint -W warning $manuals 2>&1 | point "mandoc finds nothing"
	else
		skip "mandoc finds nothing" "no mandoc here"
	fi

	# .Ql quotes the whole line: a list of values needs a line for each.
	# shellcheck disable=SC2086	# a list
	grep -nE '^\.(P[oq] )?Ql .* (,|and|or|Ql) +[^ ]' $manuals | point "manuals quote one value at a time"

	# Every option of --help stands in the manual, and every option of the manual in --help.
	if [ -x "${abs_top_builddir:-.}/overstayd" ]; then
		help=$("${abs_top_builddir:-.}/overstayd" --help | grep -oE -- '--[a-z-]+' | sort -u)
		manual=$(grep -oE 'Fl -[a-z-]+' daemon/overstayd.8 | sed 's/Fl -/--/' | sort -u)
		{
			printf '%s\n' "$help" "$manual" "$manual" | sort | uniq -c |
				awk '$1 == 1 { print "not in overstayd.8: " $2 }'
			printf '%s\n' "$help" "$help" "$manual" | sort | uniq -c |
				awk '$1 == 1 { print "not in --help: " $2 }'
		} | point "--help and overstayd(8) agree"
	else
		skip "--help and overstayd(8) agree" "overstayd is not built here"
	fi
}

run lint
