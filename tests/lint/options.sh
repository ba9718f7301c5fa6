#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The option table of daemon/config/options.c against what people read: conf/overstay.yaml and
# overstay.yaml(5) name the same options with the same defaults, and the manual the same units,
# bounds, rule keys and match keys. Of model/reason.h the manual has every class, and every reason
# with its strength, of model/hint.h every hint with its classes, in the order of the tables.
# shellcheck source=tests/lint/tap.sh
. "${abs_top_srcdir:-.}/tests/lint/tap.sh"

list=${abs_top_builddir:?is set by make check}/tests/lint/list-options
sample=conf/overstay.yaml
manual=conf/overstay.yaml.5
tab=$(printf '\t')

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

# "NAME<tab>DEFAULT" of each commented line "#name: value", with the name of the map it is in.
sample_options() {
	awk '
		/^##/ || !/^#/ { next }
		{ sub(/^#/, "") }
		match($0, /^[a-z_]+:$/) { group = substr($0, 1, RLENGTH - 1) "."; next }
		/^[a-z_]/ { group = "" }
		{
			sub(/^ +/, ""); colon = index($0, ":")
			print group substr($0, 1, colon - 1) "\t" substr($0, colon + 2)
		}
	' "$sample"
}

# Of each ".It Va NAME Pq default VALUE" in OPTIONS: name, default and the line that follows.
manual_options() {
	awk '
		/^\.Sh / { inside = $2 == "OPTIONS" }
		inside && /^\.It Va / {
			name = $3; value = $0; sub(/^.* Pq default /, "", value); gsub(/"/, "", value)
			getline; print name "\t" value "\t" $0
		}
	' "$manual"
}

# The names of the list in one section.
manual_keys() {
	awk -v section="$1" '
		/^\.S[hs] / { inside = $0 == ".Sh " section }
		inside && /^\.It Va / { print $3 }
	' "$manual"
}

# "NAME<tab>STRENGTH" of each ".It Va NAME Pq STRENGTH" in REASONS, in their order.
manual_reasons() {
	awk '
		/^\.Sh / { inside = $2 == "REASONS" }
		inside && /^\.It Va / { print $3 "\t" $5 }
	' "$manual"
}

# "NAME<tab>CLASSES" of each ".It Va NAME Pq CLASSES" in HINTS, in their order.
manual_hints() {
	awk '
		/^\.Sh / { inside = $2 == "HINTS" }
		inside && /^\.It Va / { classes = $0; sub(/^.* Pq /, "", classes); print $3 "\t" classes }
	' "$manual"
}

# The hints that are not told in one line: what is seen, what is not, what to do.
hints_badly_told() {
	awk '
		function check() {
			if (name != "" && (lines != 1 || text !~ /^[A-Z].*; not seen: .*; to do: .*[^.]\.$/ ||
			    text ~ /\. /))
				print name ": " lines " lines: " text
			name = ""
		}
		/^\.Sh / { inside = $2 == "HINTS" }
		!inside { next }
		/^\.(It|El)/ { check() }
		/^\.It Va / { name = $3; lines = 0; next }
		{ lines++; text = $0 }
	' "$manual"
}

# The reasons that are not told in one line: what is tested, what is benign, what to do.
reasons_badly_told() {
	awk '
		function check() {
			if (name != "" && (lines != 1 || text !~ /^[A-Z].*; benign: .*; to do: .*[^.]\.$/ ||
			    text ~ /\. /))
				print name ": " lines " lines: " text
			name = ""
		}
		/^\.Sh / { inside = $2 == "REASONS" }
		!inside { next }
		/^\.(It|El)/ { check() }
		/^\.It Va / { name = $3; lines = 0; next }
		{ lines++; text = $0 }
	' "$manual"
}

# differ FILE FILE: the lines of only one of both, as complaints.
differ() {
	diff "$1" "$2" | grep '^[<>]'
}

lint() {
	"$list" >"$scratch/table" || echo "list-options fails" >"$scratch/failed"
	grep -c "^option$tab" "$scratch/table" | awk '$1 < 20 { print "only " $1 " options" }' |
		cat - "$scratch/failed" 2>/dev/null | point "the table can be listed"

	awk -F '\t' '$1 == "option" { print $2 "\t" $3 }' "$scratch/table" | sort >"$scratch/wanted"
	sample_options | sort >"$scratch/sample"
	differ "$scratch/wanted" "$scratch/sample" |
		point "conf/overstay.yaml shows every option with its default"

	grep -vE '^(#|$)' "$sample" | point "every line of conf/overstay.yaml is commented out"

	awk -F '\t' '$1 == "option" {
		gsub(/"/, "", $3)
		print $2 "\t" $3 "\t" toupper(substr($4, 1, 1)) substr($4, 2) \
		    ($5 == "-" ? "" : ", " $5) "; " $6 "."
	}' "$scratch/table" | sort >"$scratch/wanted"
	manual_options | sort >"$scratch/manual"
	differ "$scratch/wanted" "$scratch/manual" |
		point "overstay.yaml.5 has every option with default, unit, bounds, reloadable"

	for keys in 'rule-key RULES' 'match-key MATCHES'; do
		awk -F '\t' -v kind="${keys% *}" '$1 == kind { print $2 }' "$scratch/table" | sort \
			>"$scratch/wanted"
		manual_keys "${keys#* }" | sort >"$scratch/manual"
		differ "$scratch/wanted" "$scratch/manual" |
			point "overstay.yaml.5 has every ${keys% *}"
	done

	awk -F '\t' '$1 == "class" { print $2 }' "$scratch/table" >"$scratch/wanted"
	manual_keys CLASSES >"$scratch/manual"
	differ "$scratch/wanted" "$scratch/manual" |
		point "overstay.yaml.5 has every class, in the order of the table"

	awk -F '\t' '$1 == "reason" { print $2 "\t" $3 }' "$scratch/table" >"$scratch/wanted"
	manual_reasons >"$scratch/manual"
	[ -s "$scratch/wanted" ] || echo "no reasons" >"$scratch/failed"
	{ differ "$scratch/wanted" "$scratch/manual"; cat "$scratch/failed" 2>/dev/null; } |
		point "overstay.yaml.5 has every reason with its strength, in the order of the table"
	reasons_badly_told | point "overstay.yaml.5 tells each reason in one line"

	awk -F '\t' '$1 == "hint" { print $2 "\t" $3 }' "$scratch/table" >"$scratch/wanted"
	manual_hints >"$scratch/manual"
	[ -s "$scratch/wanted" ] || echo "no hints" >"$scratch/failed"
	{ differ "$scratch/wanted" "$scratch/manual"; cat "$scratch/failed" 2>/dev/null; } |
		point "overstay.yaml.5 has every hint with its classes, in the order of the table"
	hints_badly_told | point "overstay.yaml.5 tells each hint in one line"

	for file in conf/rules.d/*; do
		grep -qE "[[:blank:]]$file( |\$)" conf/fragment.am || echo "$file"
	done | point "conf/fragment.am installs every packaged file"

	: >"$scratch/empty.yaml"
	sed 's/^#//' "$sample" >"$scratch/uncommented.yaml"
	"$list" "$scratch/empty.yaml" >"$scratch/defaults"
	"$list" "$sample" >"$scratch/shipped"
	"$list" "$scratch/uncommented.yaml" >"$scratch/uncommented" 2>&1
	[ -s "$scratch/defaults" ] || echo "no defaults" >"$scratch/failed"
	{ differ "$scratch/defaults" "$scratch/uncommented"; cat "$scratch/failed" 2>/dev/null; } |
		point "conf/overstay.yaml with every line uncommented says the defaults"
	differ "$scratch/defaults" "$scratch/shipped" |
		point "conf/overstay.yaml as shipped says the defaults"

	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$manual" 2>&1 | point "mandoc has nothing to say of overstay.yaml.5"
	else
		skip "mandoc has nothing to say of overstay.yaml.5" "no mandoc"
	fi
}

run lint
