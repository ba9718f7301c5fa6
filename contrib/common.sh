# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What contrib/quickstart and contrib/test share: packages and builds. To be sourced.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# shellcheck disable=SC2034	# used by those that source this
build_packages=(autoconf automake gcc libc6-dev make pkg-config
	libcap-ng-dev libevent-dev libjansson-dev libmnl-dev libseccomp-dev libsmartcols-dev
	libsqlite3-dev libsystemd-dev libyaml-dev nettle-dev uthash-dev)

die() { echo "${0##*/}: $*" >&2; exit 1; }

need_root_and_debian() {
	[ "$(id -u)" = 0 ] || die "needs root: sudo $0"
	command -v apt-get >/dev/null || die "knows only Debian's apt-get; see README for a build by hand"
}

# missing_packages NAME...: those that are not installed, one a line.
missing_packages() {
	local name
	for name; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
			echo "$name"
	done
}

# install_packages NAME...: with nothing recommended and no question. What is brought in beside
# the names is appended to the file $new_packages, for the way back.
install_packages() {
	local options=(-qq -o APT::Install-Recommends=false -o Dpkg::Use-Pty=0) log
	[ $# -gt 0 ] || return 0
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	# The package lists may be missing or too old to be of use.
	if ! { apt-get "${options[@]}" update && apt-get -s "${options[@]}" install "$@"; } \
		</dev/null >"$log" 2>&1; then
		cat "$log" >&2; rm -f "$log"
		die "apt-get cannot install these"
	fi
	[ -z "${new_packages-}" ] || sed -n 's/^Inst \([^ ]*\).*/\1/p' "$log" >>"$new_packages"
	if ! apt-get -y "${options[@]}" install "$@" </dev/null >"$log" 2>&1; then
		cat "$log" >&2; rm -f "$log"
		die "apt-get failed"
	fi
	rm -f "$log"
}

# as_owner COMMAND...: runs it as the owner of the checkout, so that nothing of root's is left
# lying in somebody's working copy.
as_owner() {
	local uid gid
	uid=$(stat -c %u "$top") gid=$(stat -c %g "$top")
	if [ "$uid" = "$(id -u)" ]; then "$@"; else
		setpriv --reuid="$uid" --regid="$gid" --clear-groups env HOME=/nonexistent "$@"
	fi
}

# generate: makes configure, where it is missing or older than what it is made from.
generate() {
	if [ ! -x "$top/configure" ] || [ -n "$(find "$top" -path "$top/build" -prune -o \
		\( -name configure.ac -o -name '*.am' \) -newer "$top/configure" -print -quit)" ]
	then
		(cd "$top" && as_owner autoreconf -i)
	fi
}

# build_in DIR [ARGUMENT...]: configures with the arguments in DIR and builds. Paths are those of
# a distribution's package: the program looks for /etc/overstay and /usr/share/overstay.
build_in() {
	local dir=$1 source
	shift
	# By a relative name: configure refuses a source directory with a space in its name.
	source=$(realpath -m --relative-to="$dir" "$top")
	as_owner mkdir -p "$dir"
	generate || return
	if [ ! -f "$dir/Makefile" ] || [ "$dir/Makefile" -ot "$top/configure" ]; then
		(cd "$dir" && as_owner "$source/configure" -q --prefix=/usr --sysconfdir=/etc \
			--localstatedir=/var "$@") || return
	fi
	as_owner make -s -C "$dir" -j"$(nproc)" all
}
