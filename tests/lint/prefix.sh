#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What is installed under another prefix names the directories there: the manuals, the catalogue and
# the README of the packaged rules. They are made anew for that prefix, and installed into a scratch
# directory. TAP.
set -u
build=${abs_top_builddir:?is set by make check}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
# Of the make that runs this.
unset MAKEFLAGS MFLAGS MAKELEVEL

echo 1..3
if make -s -C "$build" prefix=/opt/ovs exec_prefix=/opt/ovs datarootdir=/opt/ovs/share \
	sysconfdir=/opt/ovs/etc catalogdir=/opt/ovs/catalog installed="$work/installed" DESTDIR="$work/root" \
	install-man install-catalogDATA install-vendorrulesDATA >"$work/log" 2>&1; then
	echo 'ok 1 - they can be installed'
else
	echo 'not ok 1 - they can be installed'
	sed 's/^/# /' "$work/log"
fi
grep -rlE '/opt/ovs/(etc|share)/overstay' "$work/root" | sed 's|.*/||' | sort >"$work/named"
printf '%s\n' README overstay.7 overstay.catalog overstay.yaml.5 overstayd.8 >"$work/wanted"
if diff "$work/wanted" "$work/named" >"$work/diff"; then
	echo 'ok 2 - each of them names a directory of the prefix'
else
	echo 'not ok 2 - each of them names a directory of the prefix'
	sed 's/^/# /' "$work/diff"
fi
find "$work/root" -type f -exec sed 's|/opt/ovs/[a-z]*/overstay||g' {} + |
	grep -nE '(/etc|/usr/share)/overstay' >"$work/others"
if [ -s "$work/named" ] && ! [ -s "$work/others" ]; then
	echo 'ok 3 - and none of another'
else
	echo 'not ok 3 - and none of another'
	sed 's/^/# /' "$work/others"
fi
