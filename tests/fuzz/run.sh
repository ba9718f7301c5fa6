#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs every fuzzer once over its corpus. A fuzzer without a corpus, a corpus without a fuzzer and
# an empty corpus fail: each of them is something that was meant to be tested and is not.
set -u

source=${abs_top_srcdir:?is set by make check}/tests/fuzz
build=${abs_top_builddir:?is set by make check}/tests/fuzz

names=$(
	for file in "$source"/fuzz-*.c; do
		[ -e "$file" ] && basename "$file" .c | sed 's/^fuzz-//'
	done
	for directory in "$source"/corpus/*/; do
		[ -d "$directory" ] && basename "$directory"
	done
)
names=$(printf '%s\n' "$names" | sort -u)

count=0
for name in $names; do
	count=$((count + 1))
	corpus=$source/corpus/$name
	if [ ! -x "$build/fuzz-$name" ]; then
		echo "not ok $count - $name: no program fuzz-$name"
	elif [ -z "$(ls -A "$corpus" 2>/dev/null)" ]; then
		echo "not ok $count - $name: no input in corpus/$name"
	elif output=$("$build/fuzz-$name" -runs=0 "$corpus" 2>&1); then
		echo "ok $count - $name: $(find "$corpus" -type f | wc -l) inputs"
	else
		echo "not ok $count - $name: an input fails"
		printf '%s\n' "$output" | sed 's/^/# /'
	fi
done
echo "1..$count"
