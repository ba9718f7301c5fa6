/* SPDX-License-Identifier: MIT */
/*
 * How interpreters read their arguments: a table each, which arguments.c reads them by.
 */
#ifndef OVERSTAY_MODEL_INTERPRETERS_H
#define OVERSTAY_MODEL_INTERPRETERS_H

#include <stdint.h>

#include "model/program.h"

/*
 * What an option takes, and what it makes of the input. A value that is attached to an option is
 * what follows its letter, or stands behind a "=".
 */
enum option_kind {
	OPTION_FLAG,	      /* nothing; the next letter is an option, too */
	OPTION_VALUE,	      /* what is attached to it, else the next argument */
	OPTION_NEXT,	      /* the next argument; the next letter is an option, too: bash -eo X */
	OPTION_ATTACHED,      /* what is attached to it, if anything */
	OPTION_WORD,	      /* the same, up to a blank: perl -F, -i */
	OPTION_NUMBER,	      /* digits, or all behind a colon or "=": perl -0777, ruby -W:x */
	OPTION_LETTER,	      /* a letter: ruby -Ku */
	OPTION_OPTIONAL,      /* the next argument, unless it is an option */
	OPTION_CODE,	      /* code, as OPTION_VALUE has its value */
	OPTION_CODE_OPTIONAL, /* code, as OPTION_OPTIONAL has its value: node -p */
	OPTION_CODE_OPERAND,  /* the first operand is code: sh -c */
	OPTION_MODULE,	      /* the name of a module, as OPTION_VALUE */
	OPTION_FILE,	      /* the script, as OPTION_VALUE: awk -f */
	OPTION_FILE_LAST,     /* the same, and what follows are the script's: gawk -E */
	OPTION_FILE_OPERAND,  /* the first operand is a file, of which there might be doubt */
	OPTION_SOURCE,	      /* both that and OPTION_VALUE: java --source */
	OPTION_INPUT,	      /* standard input, whatever operands there are: sh -s */
	OPTION_SEARCH,	      /* the operand is searched for as a shell does: perl -S */
};

/* Options that are alike, with one or two dashes; a blank between two of them. One that ends with
 * "*" is all that begin so. */
struct grammar_option {
	enum option_kind kind;
	const char *names;
};

/* What an operand is, the first argument that is no option. */
enum operand {
	OPERAND_FILE,	/* the script; none: standard input */
	OPERAND_CODE,	/* awk */
	OPERAND_CLASS,	/* java's, or a file FILE.java */
	OPERAND_NAMED,	/* a file by a path or URL, or anything else by a word */
	OPERAND_MODULE, /* a module */
	OPERAND_INPUT,	/* nobody asks: it is standard input */
};

/* Words that stand before the operand and say what it is: deno run. */
struct verb {
	const char *name; /* NULL: the end */
	enum operand operand;
};

enum grammar_rule {
	RULE_CLUSTERS = 1 << 0,	    /* letters are joined, "-bc", and values attached: "-Wx" */
	RULE_EQUALS = 1 << 1,	    /* "--option=value" */
	RULE_SHORT_EQUALS = 1 << 2, /* "-f=value" is "-fvalue" */
	RULE_NEGATES = 1 << 3,	    /* "--no-option" is a flag, too */
	RULE_UNDERSCORES = 1 << 4,  /* "_" is "-" in a long option */
	RULE_BLANKS = 1 << 5,	    /* "-w -T" may be one argument, as "#!" passes them */
	RULE_PLUS = 1 << 6,	    /* "+x" is an option as "-x" is */
	RULE_DASH_ENDS = 1 << 7,    /* "-" ends the options as "--" does; else it is an operand */
	RULE_NO_END = 1 << 8,	    /* "--" is nothing special */
	RULE_END_INPUT = 1 << 9,    /* no script stands behind "--" */
	RULE_EXPANDS = 1 << 10,	    /* "@FILE" holds further options */
	RULE_LEAVES = 1 << 11, /* behind a file, options that it does not know are the script's */
};

struct grammar {
	const struct grammar_option *options; /* the last has no names */
	const struct verb *verbs;	      /* NULL: it has none */
	uint32_t rules;			      /* bits of enum grammar_rule */
	enum operand operand;
};

/* The grammar of program (a row of program.c's); NULL: its arguments are not known here. */
const struct grammar *grammar_find(const struct program *program);

#endif
