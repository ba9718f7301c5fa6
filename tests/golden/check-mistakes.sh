#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The configuration that is wrong: what `overstayd --check` says of each file in mistakes/, which is
# one that somebody wrote, or will. mistakes.txt has the texts, to be read in review: each names the
# place, what is wrong there and what was expected. The files are checked for a staged tree, so that
# nothing depends on this host; of one with a line "# mode: 0666" that is the mode. A NAME.tree is
# run by this shell in etc/overstay of a staged tree, to make more than one file, or bytes that are
# no text; $tree is the tree, $packaged the directory of the packaged rules. One with a line
# "# quiet" is checked without --verbose.
#
#	check-mistakes.sh		compares, prints TAP
#	check-mistakes.sh --update	writes mistakes.txt: make update-golden
set -u
LC_ALL=C
export LC_ALL
top=${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${abs_top_builddir:-$top}
golden=$top/tests/golden/mistakes.txt
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
umask 022
mkdir -p "$work/root/etc" "$work/root/usr/bin"
chmod 755 "$work" "$work/root"
echo 'alice:x:1000:1000::/:/bin/sh' >"$work/root/etc/passwd"
echo 'alice:x:1000:' >"$work/root/etc/group"
: >"$work/root/usr/bin/tool"
chmod 755 "$work/root/usr/bin/tool"

help=$("$build/overstayd" --help)
etc=$(echo "$help" | sed -n 's/.* instead of the files in //p')
data=$(echo "$help" | sed -n 's/.* do not read the rules in //p')

# check_tree FILE [OPTION]: as check, of the whole tree that the file makes.
check_tree() {
	name=${1##*/}
	echo "== ${name%.tree}"
	rm -rf "$work/tree"
	cp -a "$work/root" "$work/tree"
	tree=$work/tree
	packaged=$tree$data
	mkdir -p "$tree$etc" "$packaged"
	(
		cd "$work/tree$etc" || exit
		# shellcheck disable=SC1090	# those of mistakes/
		. "$1"
	)
	set -- "$1" --check --root="$work/tree" ${2+"$2"}
	grep -q '^# quiet$' "$1" || set -- "$@" --verbose
	shift
	"$build/overstayd" "$@" >"$work/said" 2>&1
	status=$?
	sed "s|^$work/tree||; s|\"$work/tree|\"|g; s|${etc%/overstay}/|/etc/|g" "$work/said"
	echo "exit status $status"
}

# check FILE [OPTION]: the name, the messages and the exit status.
check() {
	name=${1##*/}
	install -m "$(sed -n 's/^# mode: //p' "$1" | grep . || echo 644)" "$1" "$work/$name"
	echo "== ${name%.yaml}"
	(
		cd "$work" || exit
		"$build/overstayd" --check --verbose --root="$work/root" ${2+"$2"} "$name" 2>&1
		echo "exit status $?"
	)
}

for file in "$top"/tests/golden/mistakes/*; do
	case $file in
	*.tree) command=check_tree ;;
	*) command=check ;;
	esac
	$command "$file"
	$command "$file" --strict >"$work/strict.now"
	grep -q '^exit status 2$' "$work/strict.now" || echo "--strict: $(cat "$work/strict.now")"
	grep -q ': \(warning\|note\): ' "$work/strict.now" && echo "--strict: $(cat "$work/strict.now")"
done >"$work/texts"
cat >"$work/now" <<'END'
# SPDX-License-Identifier: MIT
# Written by `make update-golden`, to be read: what is said of the files in mistakes/.
END
sed 's/this is [0-9.]*: left out$/this is VERSION: left out/' "$work/texts" >>"$work/now"

if [ "${1-}" = --update ]; then
	cp "$work/now" "$golden"
	exit
fi
echo 1..3
count=$(grep -c '^==' "$work/now")
if [ "$count" -ge 200 ]; then echo "ok 1 - $count files are checked"; else echo "not ok 1 - only $count files"; fi
# Every file has a message, and every message its place and what it is.
if grep -A1 '^==' "$work/now" | grep -v '^==\|^--' |
	grep -v '^note: [0-9]* names* unknown here: "[^"]*" ([0-9a-z-]*\.yaml:[1-9][0-9]*:[1-9][0-9]*[^)]*)' |
	grep -qv '^[0-9a-z./-]*:[1-9][0-9]*:[1-9][0-9]*: \(error\|warning\|note\): '; then
	echo 'not ok 2 - each has a place'
else
	echo 'ok 2 - each has a place'
fi
if diff -U1 -F '^==' "$golden" "$work/now" >"$work/diff"; then
	echo 'ok 3 - the texts are those of mistakes.txt'
else
	echo 'not ok 3 - the texts are those of mistakes.txt; make update-golden, and read the difference'
	sed 's/^/# /' "$work/diff"
fi
