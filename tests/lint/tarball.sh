#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Is everything that is in git in the tarball, too? Where only git knows what there is, only a
# clone can say.
# shellcheck source=tests/lint/tap.sh
. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

lint() {
	if [ ! -e .git ] || ! git rev-parse --git-dir >/dev/null 2>&1; then
		skip "the tarball has every file" "not a clone"
		return
	fi
	list=$(mktemp)
	distributed >"$list"
	git ls-files | awk -v list="$list" '
		BEGIN { while ((getline line < list) > 0) known[line] = 1 }
		/^\.ci\/|^\.gitignore$/ { next }
		{
			path = $0
			while (!(path in known) && sub(/\/[^\/]*$/, "", path))
				;
			if (!(path in known))
				print "not in the tarball: " $0 " (EXTRA_DIST in a fragment.am)"
		}
	' | point "the tarball has every file"
	rm -f "$list"
}

run lint
