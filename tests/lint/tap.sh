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

# distributed: what make dist takes. A directory stands for all that is in it.
distributed() {
	MAKEFLAGS='' make -s -C "${abs_top_builddir:-.}" print-distributed
}

# The files of the project that match the patterns: of git, or of an unpacked tarball, in which
# may lie what was built.
files() {
	if git rev-parse --git-dir >/dev/null 2>&1 && [ -e .git ]; then
		git ls-files -- "$@"
	else
		distributed | sed '/^contrib\/build-aux\//d' | xargs sh -c 'find "$@" -type f' sh |
			while read -r file; do
				for pattern; do
					# shellcheck disable=SC2254	# a pattern
					case $file in $pattern) echo "$file" ;; esac
				done
			done
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
