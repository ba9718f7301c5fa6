/* SPDX-License-Identifier: MIT */
/*
 * The table of messages. A MESSAGE_ID is a random 128-bit number (systemd-id128 new) that stands
 * for one kind for ever: searches, SIEM rules and systemd/overstay.catalog rest on it.
 * tests/lint/messages holds this table against the catalogue.
 */
#include "alert/events.h"

#define STAY_FIELDS (FIELDS_ALWAYS | FIELDS_STAY | FIELDS_OWNER)

static const struct event_row events[EVENT_COUNT] = {
	[EVENT_STARTED] = { "STARTED", "ad975035d1d948eb8f5357aa32ac6085", FIELDS_ALWAYS },
	[EVENT_STOPPED] = { "STOPPED", "b8915fee6ee843adba8dc7d00975c92e", FIELDS_ALWAYS },
	[EVENT_APPEARED] = { "APPEARED", "1a00120cf113491cbbe0837190e3aaf4", STAY_FIELDS },
	[EVENT_VANISHED] = { "VANISHED", "68fc769ef32b467fae1f864bfac15526", STAY_FIELDS },
	[EVENT_OVERSTAY] = { "OVERSTAY", "8f5e14af3d2148a293da9dcc5f2ddc7c",
	    STAY_FIELDS | FIELDS_GROUP },
	[EVENT_OVERSTAYS_AT_START] = { "OVERSTAY", "06f32319dcd2c24c9807766baf392cf5",
	    FIELDS_ALWAYS },
	[EVENT_OVERSTAYS_AT_ONCE] = { "OVERSTAY", "d371222c5aa325068ed07bcac2624cea",
	    FIELDS_ALWAYS },
	[EVENT_OVERSTAYS_AFTER_RESUME] = { "OVERSTAY", "c0b35334ee4e5c7ffa353041d7583ea3",
	    FIELDS_ALWAYS },
	[EVENT_ENDED] = { "ENDED", "743abb26f2944d9199afca05f41fff19", STAY_FIELDS },
	[EVENT_REBOUND] = { "REBOUND", "a4e1a27c767e41c5917eaf117076bd0b",
	    STAY_FIELDS | FIELDS_AWAY },
	[EVENT_CLEARED] = { "CLEARED", "0d2e76c80070470d82897a8f743e00ae", STAY_FIELDS },
	[EVENT_SUSPECT] = { "SUSPECT", "e837af87fef14ddaad796c3a84c79c41",
	    STAY_FIELDS | FIELDS_GROUP },
	[EVENT_HOPPING] = { "HOPPING", "f1e25d1fb993466caf3ec8c3b609eb81",
	    STAY_FIELDS | FIELDS_GROUP | FIELDS_HOPS },
	[EVENT_ADVICE] = { "ADVICE", "0e4ac5ae88704d3f977fb82c7364e5e6", STAY_FIELDS },
	[EVENT_SUMMARY] = { "SUMMARY", "4fc0977534a442afbefe75c738bcbab9", FIELDS_ALWAYS },
	[EVENT_HEARTBEAT] = { "HEARTBEAT", "bbf0768bc69b43e488b564fc7f775c8b", FIELDS_ALWAYS },
	[EVENT_POOL] = { "POOL", "b75bd47526214b258de993140824dd97", FIELDS_ALWAYS },
	[EVENT_DEGRADED] = { "DEGRADED", "715f5aea0aa342c9b2b02eac8f90fd3a", FIELDS_ALWAYS },
	[EVENT_RECOVERED] = { "RECOVERED", "5813d860f3854cf39ca55cee613368f3", FIELDS_ALWAYS },
	[EVENT_CONFIG] = { "CONFIG", "28e5d7c88c874f078eeb51971a89fb49", FIELDS_ALWAYS },
	[EVENT_SUPPRESSED] = { "SUPPRESSED", "0928d951cb23478d970724caa4cbbd3c", FIELDS_ALWAYS },
};

const struct event_row *
event_of(enum event_kind kind)
{
	return &events[kind];
}
