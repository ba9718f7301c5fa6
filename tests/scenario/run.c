/* SPDX-License-Identifier: MIT */
/*
 * Plays scenarios: hours and months of a host's listeners in milliseconds, through the daemon's
 * own configuration reader, polls, engine and messages, under a clock that only exists on paper
 * (world.c). Needs no root and no kernel.
 *
 *	run [--texts] [FILE...]	plays these, else all of tests/scenario/cases; prints TAP, a point
 *			a file. --texts prints the messages' texts instead, for tests/golden
 *
 * Each is played in several manners, see there.
 *
 * A scenario is a text of lines: "#" begins a comment, words are separated by blanks. Time stands
 * still while lines are played and passes with `at`. Every message that is told has to be expected,
 * in its order: one that is not, and one that does not come, fail the scenario.
 *
 * Time
 *	at TIME  time passes up to TIME since the beginning ("10min", "1h 30min"), or
 *				"+TIME" from now; what is due at that very time comes after the
 *				lines that follow. The first poll is taken at 0s.
 *	suspend SPAN		the host sleeps now
 *	wall-clock +SPAN|-SPAN	the wall clock is set; it began at 2030-01-01 00:00 UTC
 *	repeat N ... end	plays the lines between N times; "$" stands for 0, 1, 2...
 *
 * The host
 *	owner NAME ATTRIBUTES	who holds sockets: kernel, unknown REASON, or a process: pid N
 *			parent N uid N gid N group N comm TEXT exe PATH cmdline "TEXT" unit
 *			NAME user-unit NAME runs SPAN (by now) trust same|unverified|replaced
 *			deleted cut main PATH main-pid N container ID forwards-to ID session N
 *			cwd PATH script PATH exe-uid N exe-inode N evidence WORD[,WORD...]
 *			(memory updated open-path open hidden-mount stdio shell-below argv0 mounts
 *			pids users terminal manager roots own login exe-own exe-new main-own
 *			own-users) origin WORD outlived
 *				WORD[,WORD...] (terminal session parent directory) slice NAME
 *				session-type WORD login UID parent-exe PATH parent-trust WORD.
 *				A program below
 *				/usr or /opt is root's. The name may be written again: it holds
 *				from then on.
 *	also NAME ATTRIBUTES	one more process of that owner
 *	listen PROTOCOL ADDRESS:PORT WORDS	a socket: socket N (its cookie; else counted from
 *			1001) inode N (else as the cookie) uid N (of its creator, else of
 *			its owner, or 1000)
 *			owner NAME asked|auto dual|v6only; many N = on N ports from this one;
 *				share N = N sockets on each
 *	close SOCKET [many N] | port P [many N] | all
 *	connect SOCKET, disconnect SOCKET	a UDP socket that is no listener meanwhile
 *	surveys every SPAN|off	of the whole table, from now on; none at first
 *	connections SOCKET [many N] COUNT  so many that surveys see
 *	heartbeat OFFSET	when in the hour this host speaks; 0s at first
 *	hold SOCKET NAME|nobody	from now on NAME holds it
 *	kernel-range A-B	ip_local_port_range, 32768-60999 at first
 *	reserved A-B		ip_local_reserved_ports, none at first
 *
 * The kernel's slips and those of overstay-lookup
 *	miss SOCKET [many N] [dumps N]  so many dumps of the range lack it (1), not one-port dumps
 *	incomplete REASON polls N [of PORTION]  all answers of the next N polls, or only those of
 *			tcp, udp, ipv4, ipv6, "tcp ipv6": interrupted, kernel, overrun, truncated,
 *			sequence, malformed, timeout
 *	cut-proofs N		the next N one-port answers come in two datagrams
 *	failing-polls N [of PORTION]  the source gives an error in the next N polls
 *	source /proc/net  no sock_diag from the beginning: neither cookies nor who chose a port
 *	lookup answers [after SPAN] | hangs | nonsense | dead
 *	peers hang		the kernel is asked once who is connected, and does not answer
 *	sender stuck|works	nothing is taken from the outbox
 *	fill N			so many messages about no stay are put that must not be lost
 *	missed N		so many polls were not made; what heartbeats tell
 *	degraded WORD... | none	the conditions that hold, as the daemon's loop sees them
 *
 * The configuration, at the beginning or as a reload; with "refused" it has to be wrong
 *	config [refused]
 *		threshold: 10min
 *	end
 * Advice and the heartbeat are off unless the configuration speaks of them, and without
 * "user: {threshold: ...}" a person's programs have the threshold of all others.
 *
 * What is compared; `*` stands for any bytes
 *	expect [N] [Dd+]HH:MM:SS PRIORITY KIND [PROTOCOL ADDRESS:PORT]	the next message (the
 *				next N), by its fields; KIND in capitals, no endpoint where it is
 *				about no stay
 *	expect nothing		nothing else was told
 *	with NAME VALUE | no NAME ...	fields of the message(s) of the last `expect`: "user-unit"
 *				is OVERSTAY_USER_UNIT; age, age-max, away and threshold are spans
 *	field NAME=VALUE, nofield NAME	the same, of any field, VALUE as it stands
 *	stay N			OVERSTAY_STAY of it: stays are numbered in their order
 *	counts NAME N...  listeners sockets overstaying allowed away tcp udp; since the beginning
 *			held-back (messages), proofs (one-port questions), dumps, ids (stays),
 *			unasked (sockets, in time), given-up (stays, before their grace was over),
 *			unasked-peers (suspects reported without that question),
 *			unkept (owners that were too many)
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "script.h"
#include "valgrind.h"

/* Of the polls; any will do. */
#define KEY 0x9e3779b97f4a7c15

/* Polls of all scenarios that only repeated the one before. */
static uint64_t repetitions;

/* Slices of all scenarios that there are more of where each is a stay. */
static uint64_t more_slices;

/* What two plays of one scenario have to agree in. */
struct outcome {
	uint64_t told, polls;
	uint64_t slices; /* but for this */
};

/* How one is played. */
struct manner {
	uint64_t key;
	bool sliced, prints;
	const char *text;
};

/* Plays one scenario. Returns true where all was as written. */
static bool
run(const char *path, const struct manner *manner, struct outcome *ret)
{
	const char *slash = strrchr(path, '/');
	struct script script = { .path = slash == NULL ? path : slash + 1 };
	int r;

	world_init(&script.world);
	script.world.key = manner->key;
	script.world.sliced = manner->sliced;
	script.world.prints = manner->prints;
	if (manner->prints)
		(void)printf("== %s\n", script.path);
	r = script_read(&script, path);
	if (r < 0)
		complain(&script, "cannot be read: %s", strerror(-r));
	else if (script_play(&script, script.line_count) == 0)
		check_nothing_left(&script);
	if (script.world.wrong[0] != '\0')
		complain(&script, "%s", script.world.wrong);
	if (script.world.lost.count > 0)
		complain(&script, "no memory");
	if (script.complaints == 0 && script.asserted == 0)
		complain(&script, "nothing is compared");
	if (script.complaints > COMPLAINTS_MAX)
		(void)printf("# ... and %u more\n", script.complaints - COMPLAINTS_MAX);
	*ret = (struct outcome){ script.world.told.sum, script.world.sum, script.world.slices };
	repetitions += script.world.repetitions;
	world_clear(&script.world);
	script_clear(&script);
	return script.complaints == 0;
}

/*
 * As the daemon does where nothing takes long; with polls that recognize nothing, so that each is
 * compared as a whole and each pass is made; with whatever the engine does in slices of a single
 * stay.
 */
static const struct manner manners[] = {
	{ .key = KEY },
	{ .key = 0, .text = "polls recognize nothing" },
	{ .key = KEY, .sliced = true, .text = "each slice is a stay" },
};

/* Plays it in every manner: the same has to be told at the same times. */
static bool
run_in_all(const char *path)
{
	struct outcome outcomes[ARRAY_SIZE(manners)];

	for (size_t i = 0; i < ARRAY_SIZE(manners); i++) {
		if (!run(path, &manners[i], &outcomes[i]))
			return false;
		if (outcomes[i].told == outcomes[0].told && outcomes[i].polls == outcomes[0].polls)
			continue;
		(void)printf("# %s: %s differ where %s\n", path,
		    outcomes[i].told != outcomes[0].told ? "messages" : "polls", manners[i].text);
		return false;
	}
	more_slices += outcomes[ARRAY_SIZE(manners) - 1].slices - outcomes[0].slices;
	return true;
}

/* Plays it in one of the manners, by turns. */
static bool
run_in_one(const char *path, size_t number)
{
	const struct manner *manner = &manners[number % ARRAY_SIZE(manners)];
	struct outcome outcome;
	bool passed = run(path, manner, &outcome);

	more_slices += manner->sliced;
	return passed;
}

/* Plays one scenario as point `number`. Returns true where all was as written. */
static bool
run_point(const char *path, size_t number)
{
	const char *slash = strrchr(path, '/');
	bool passed = is_under_valgrind() ? run_in_one(path, number) : run_in_all(path);

	(void)printf("%sok %zu - %s\n", passed ? "" : "not ", number,
	    slash == NULL ? path : slash + 1);
	(void)fflush(stdout);
	return passed;
}

int
main(int argc, char **argv)
{
	bool prints = argc > 1 && strcmp(argv[1], "--texts") == 0, fine = true;
	char **paths = argv + 1 + prints;
	size_t count = argc < 2 ? 0 : (size_t)argc - 1 - prints;
	static const struct manner printing = { .key = KEY, .prints = true };
	struct outcome outcome;
	glob_t all = { 0 };

	/* `until` of a rule is a local day. */
	(void)setenv("TZ", "UTC", 1);
	tzset();
	if (count == 0) {
		if (script_find_all("cases/*.scenario", &all) < 0) {
			(void)printf("Bail out! no scenarios\n");
			return EXIT_FAILURE;
		}
		paths = all.gl_pathv;
		count = all.gl_pathc;
	}
	if (!prints)
		(void)printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
		fine = (prints ? run(paths[i], &printing, &outcome) : run_point(paths[i], i + 1)) &&
		    fine;
	globfree(&all);
	if (count > 1 && repetitions == 0) {
		(void)printf("Bail out! no poll was ever recognized as a repetition\n");
		return EXIT_FAILURE;
	}
	if (count > 1 && !prints && more_slices == 0) {
		(void)printf("Bail out! nothing was ever done in slices\n");
		return EXIT_FAILURE;
	}
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
