# SPDX-License-Identifier: MIT
#
# Prints the words that the sources hand to report_new() and conditions_set(), for messages that only
# the running daemon makes: a section a file, a line a call, with its string literals as they stand
# there; " | " is between those that are not one.

# Prints the literals of the call that text begins with; returns what is behind it.
function print_call(text,	depth, line, apart, c) {
	depth = 0
	line = ""
	apart = 0
	while (text != "") {
		if (match(text, /^"([^"\\]|\\.)*"/)) {
			if (RLENGTH > 2)
				line = line (line != "" && apart ? " | " : "") \
				    substr(text, 2, RLENGTH - 2)
			text = substr(text, RLENGTH + 1)
			apart = 0
			continue
		}
		c = substr(text, 1, 1)
		text = substr(text, 2)
		depth += (c == "(") - (c == ")")
		if (c == ")" && depth == 0)
			break
		if (c !~ /[ \t]/)
			apart = 1
	}
	if (line == "")
		return text
	if (!begun)
		print "== " name
	begun = 1
	print line
	return text
}

function print_file() {
	begun = 0
	while (match(source, /(report_new|conditions_set)\(/))
		source = print_call(substr(source, RSTART + RLENGTH - 1))
	source = ""
}

FNR == 1 {
	print_file()
	name = FILENAME
	sub(/.*\//, "", name)
}

{
	source = source " " $0
}

END {
	print_file()
}
