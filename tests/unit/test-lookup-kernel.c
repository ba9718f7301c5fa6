/* SPDX-License-Identifier: MIT */
/*
 * A real socket of the kernel's: that of a VXLAN device, in a network namespace of the test's
 * own. As root, where ip(8) can make one.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup-help.h"
#include "model/listener.h"
#include "skip.h"

#define VXLAN_PORT 55432

/* The inode of the UDP socket on this port, 0 where there is none. */
static uint32_t
find_inode(unsigned port)
{
	_fclose_ FILE *file = fopen("/proc/self/net/udp", "re");
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned found, uid;
		uint32_t inode;

		if (sscanf(line, "%*s %*8[0-9A-F]:%x %*s %*s %*s %*s %*s %u %*u %" SCNu32, &found,
			&uid, &inode) == 3 &&
		    found == port && uid == 0)
			return inode;
	}
	return 0;
}

static const struct owner *
ask(struct lookup_client *owners, struct help_answers *answers, uint32_t inode, uint8_t protocol)
{
	const struct lookup_question question = { .inode = inode, .protocol = protocol };
	const struct owner *owner;

	help_release(answers);
	assert_int_equal(help_ask(owners, &question, 1, answers), 0);
	owner = help_owner(answers, inode);
	assert_non_null(owner);
	return owner;
}

static void
test_vxlan(void **state)
{
	static struct help_answers answers;
	struct lookup_client *owners;
	const struct owner *owner;
	uint32_t inode;

	(void)state;
	help_need_init();
	if (system("ip link set lo up && ip link add overstay0 type vxlan id 7 dstport 55432 "
		   "local 127.0.0.1 dev lo && ip link set overstay0 up") != 0)
		skip_because("no VXLAN device can be made");
	inode = find_inode(VXLAN_PORT);
	owners = help_spawn();
	assert_non_null(owners);
	assert_int_not_equal(inode, 0);
	owner = ask(owners, &answers, inode, PROTOCOL_UDP);
	assert_int_equal(owner->kind, OWNER_KERNEL);
	assert_true(owner->thorough);
	/* The same number of a TCP socket is not VXLAN's. */
	assert_int_equal(ask(owners, &answers, inode, PROTOCOL_TCP)->kind, OWNER_UNKNOWN);

	/* Without the device nothing says that an unheld socket is the kernel's. */
	assert_int_equal(system("ip link del overstay0"), 0);
	assert_int_equal(ask(owners, &answers, inode, PROTOCOL_UDP)->kind, OWNER_UNKNOWN);
	help_release(&answers);
	assert_int_equal(help_end(owners), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vxlan),
	};

	if (geteuid() == 0 && unshare(CLONE_NEWNET) < 0)
		return EXIT_FAILURE;
	help_isolate();
	/* /sys shows the devices of the network it is mounted in. */
	if (geteuid() == 0 && mount("sysfs", "/sys", "sysfs", MS_RDONLY, NULL) < 0)
		return EXIT_FAILURE;
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
