# SPDX-License-Identifier: MIT
#
# What every lint sources: TAP points, one a kind of complaint. abs_top_srcdir is set by make.
# shellcheck shell=sh

cd "${abs_top_srcdir:-.}" || exit 99

# point NAME: reads complaints on stdin, one a line; none is "ok".
point() {
	complaints=$(cat)
	if [ -z "$complaints" ]; then
		echo "ok - $1"
		return
	fi
	echo "not ok - $1"
	printf '%s\n' "$complaints" | sed 's/^/# /'
}

# skip NAME REASON
skip() {
	echo "ok - $1 # SKIP $2"
}

# The files of the project that match the patterns: of git, or of an unpacked tarball.
files() {
	if git rev-parse --git-dir >/dev/null 2>&1 && [ -e .git ]; then
		git ls-files -- "$@"
	else
		for pattern; do
			find . \( -path ./contrib/build-aux -o -path ./_build -o -path ./_inst -o \
			    -path ./autom4te.cache -o -path './build*' \) -prune -o \
			    -type f -path "./$pattern" -print
		done | sed 's|^\./||'
	fi | sort -u
}

# run FUNCTION: numbers its points and adds the plan.
run() {
	"$1" 2>&1 | awk '
		/^(not )?ok - / { points++; sub(/ok -/, "ok " points " -") }
		{ print }
		END { print "1.." points }
	'
}
