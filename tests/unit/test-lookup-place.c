/* SPDX-License-Identifier: MIT */
/*
 * Paths of cgroups, as systemd and the engines of containers make them and as who wants to be
 * taken for another makes them. The parser is held against libsystemd's where a process has
 * a unit.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/place.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

struct row {
	const char *path;
	const char *slice, *unit, *user_unit, *session;
	enum container_kind kind;
	const char *container;
	const char *group; /* the part of path that is one service or container */
};

static const struct row rows[] = {
	{ "/", "", "", "", "", 0, "", "" },
	{ "", "", "", "", "", 0, "", "" },
	{ "/init.scope", "-.slice", "init.scope", "", "", 0, "", "" },
	{ "/system.slice/nginx.service", "system.slice", "nginx.service", "", "", 0, "",
	    "/system.slice/nginx.service" },
	{ "/system.slice/nginx.service/a/b.service", "system.slice", "nginx.service", "", "", 0, "",
	    "/system.slice/nginx.service" },
	{ "/system.slice/system-getty.slice/getty@tty1.service", "system-getty.slice",
	    "getty@tty1.service", "", "", 0, "",
	    "/system.slice/system-getty.slice/getty@tty1.service" },
	{ "/system.slice/_cgroup.service", "system.slice", "cgroup.service", "", "", 0, "",
	    "/system.slice/_cgroup.service" },
	{ "/system.slice/sshd.socket", "system.slice", "sshd.socket", "", "", 0, "", "" },
	{ "/system.slice", "system.slice", "", "", "", 0, "", "" },
	{ "/user.slice/user-1000.slice/session-3.scope", "user-1000.slice", "session-3.scope", "",
	    "3", 0, "", "" },
	/* A session is in its user's slice. */
	{ "/system.slice/session-3.scope", "system.slice", "session-3.scope", "", "", 0, "", "" },
	{ "/user.slice/user-1000.slice/session-c2.scope", "user-1000.slice", "session-c2.scope", "",
	    "c2", 0, "", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/"
	  "vte-spawn-1.scope",
	    "user-1000.slice", "user@1000.service", "vte-spawn-1.scope", "", 0, "", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/init.scope", "user-1000.slice",
	    "user@1000.service", "init.scope", "", 0, "", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/session.slice/dbus.service",
	    "user-1000.slice", "user@1000.service", "dbus.service", "", 0, "", "" },
	/* What a user makes below his own manager is not the system's. */
	{ "/user.slice/user-1000.slice/user@1000.service/x/system.slice/nginx.service",
	    "user-1000.slice", "user@1000.service", "", "", 0, "", "" },
	{ "/user.slice/user-1000.slice/user@x.service/nginx.service", "user-1000.slice",
	    "user@x.service", "", "", 0, "", "/user.slice/user-1000.slice/user@x.service" },
	/* No units. */
	{ "/a/system.slice/nginx.service", "", "", "", "", 0, "", "" },
	{ "/nginx@.service", "", "", "", "", 0, "", "" },
	{ "/@x.service", "", "", "", "", 0, "", "" },
	{ "/ngi nx.service", "", "", "", "", 0, "", "" },
	{ "/.service", "", "", "", "", 0, "", "" },
	{ "/.slice/nginx.service", "", "", "", "", 0, "", "" },
	{ "/session-.scope", "-.slice", "session-.scope", "", "", 0, "", "" },
	{ "/session-a b.scope", "", "", "", "", 0, "", "" },

	{ "/system.slice/docker-" ID ".scope", "system.slice", "docker-" ID ".scope", "", "",
	    CONTAINER_DOCKER, ID, "/system.slice/docker-" ID ".scope" },
	{ "/docker/" ID "/system.slice/nginx.service", "", "", "", "", CONTAINER_DOCKER, ID,
	    "/docker/" ID },
	{ "/docker/" ID "/docker/" ID2, "", "", "", "", CONTAINER_DOCKER, ID, "/docker/" ID },
	{ "/docker/buildkit", "", "", "", "", 0, "", "" },
	{ "/system.slice/docker-0123.scope", "system.slice", "docker-0123.scope", "", "", 0, "",
	    "" },
	{ "/machine.slice/libpod-" ID ".scope/container", "machine.slice", "libpod-" ID ".scope",
	    "", "", CONTAINER_PODMAN, ID, "/machine.slice/libpod-" ID ".scope" },
	{ "/machine.slice/libpod-conmon-" ID ".scope", "machine.slice",
	    "libpod-conmon-" ID ".scope", "", "", 0, "", "" },
	{ "/libpod_parent/libpod-" ID, "", "", "", "", CONTAINER_PODMAN, ID,
	    "/libpod_parent/libpod-" ID },
	{ "/system.slice/web.service/libpod-payload-" ID, "system.slice", "web.service", "", "",
	    CONTAINER_PODMAN, ID, "/system.slice/web.service/libpod-payload-" ID },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	    "user-1000.slice", "user@1000.service", "libpod-" ID ".scope", "", CONTAINER_PODMAN, ID,
	    "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/"
	  "cri-containerd-" ID ".scope",
	    "kubepods-burstable-pod1_2.slice", "cri-containerd-" ID ".scope", "", "",
	    CONTAINER_CONTAINERD, ID,
	    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/"
	    "cri-containerd-" ID ".scope" },
	{ "/kubepods/burstable/pod1-2-3/" ID "/x", "", "", "", "", CONTAINER_CONTAINERD, ID,
	    "/kubepods/burstable/pod1-2-3/" ID },
	/* An id anywhere is docker's, below whatever parent it was given; the outermost counts. */
	{ "/kubepods/burstable/pod/" ID, "", "", "", "", CONTAINER_DOCKER, ID,
	    "/kubepods/burstable/pod/" ID },
	{ "/ecs/0123456789abcdef0123456789abcdef/" ID, "", "", "", "", CONTAINER_DOCKER, ID,
	    "/ecs/0123456789abcdef0123456789abcdef/" ID },
	{ "/jobs/" ID "/init.scope", "", "", "", "", CONTAINER_DOCKER, ID, "/jobs/" ID },
	{ "/a/b/" ID "/" ID2, "", "", "", "", CONTAINER_DOCKER, ID, "/a/b/" ID },
	{ "/" ID, "", "", "", "", CONTAINER_DOCKER, ID, "/" ID },
	{ "/default/" ID, "", "", "", "", CONTAINER_CONTAINERD, ID, "/default/" ID },
	{ "/k8s.io/" ID, "", "", "", "", CONTAINER_CONTAINERD, ID, "/k8s.io/" ID },
	{ "/system.slice/web.service/" ID, "system.slice", "web.service", "", "", CONTAINER_DOCKER,
	    ID, "/system.slice/web.service/" ID },
	{ "/jobs/" ID "0", "", "", "", "", 0, "", "" },
	{ "/jobs/x" ID, "", "", "", "", 0, "", "" },
	{ "/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" ID, "system.slice",
	    "containerd.service", "", "", CONTAINER_CONTAINERD, ID,
	    "/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" ID },
	{ "/system.slice/nerdctl-" ID ".scope", "system.slice", "nerdctl-" ID ".scope", "", "",
	    CONTAINER_CONTAINERD, ID, "/system.slice/nerdctl-" ID ".scope" },
	{ "/kubepods.slice/crio-" ID ".scope", "kubepods.slice", "crio-" ID ".scope", "", "",
	    CONTAINER_CRIO, ID, "/kubepods.slice/crio-" ID ".scope" },
	{ "/kubepods.slice/crio-conmon-" ID ".scope", "kubepods.slice", "crio-conmon-" ID ".scope",
	    "", "", 0, "", "" },
	{ "/lxc.payload.web/system.slice/nginx.service", "", "", "", "", CONTAINER_LXC, "web",
	    "/lxc.payload.web" },
	{ "/lxc.payload/web/init.scope", "", "", "", "", CONTAINER_LXC, "web", "/lxc.payload/web" },
	{ "/lxc/web/init.scope", "", "", "", "", CONTAINER_LXC, "web", "/lxc/web" },
	{ "/lxc.monitor.web", "", "", "", "", 0, "", "" },
	{ "/lxc.monitor/web", "", "", "", "", 0, "", "" },
	{ "/lxc", "", "", "", "", 0, "", "" },
	{ "/lxc.payload.", "", "", "", "", 0, "", "" },
	{ "/machine.slice/systemd-nspawn@web\\x2d1.service/payload/system.slice/nginx.service",
	    "machine.slice", "systemd-nspawn@web\\x2d1.service", "", "", CONTAINER_NSPAWN, "web-1",
	    "/machine.slice/systemd-nspawn@web\\x2d1.service/payload" },
	{ "/machine.slice/systemd-nspawn@web.service/supervisor", "machine.slice",
	    "systemd-nspawn@web.service", "", "", 0, "",
	    "/machine.slice/systemd-nspawn@web.service" },
	{ "/machine.slice/machine-web.scope/payload/init.scope", "machine.slice",
	    "machine-web.scope", "", "", CONTAINER_NSPAWN, "web",
	    "/machine.slice/machine-web.scope/payload" },
	{ "/machine.slice/machine-web.scope", "machine.slice", "machine-web.scope", "", "",
	    CONTAINER_NSPAWN, "web", "/machine.slice/machine-web.scope" },
	{ "/machine.slice/machine-web.scope/supervisor", "machine.slice", "machine-web.scope", "",
	    "", 0, "", "" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", "machine.slice",
	    "machine-qemu\\x2d1\\x2dvm.scope", "", "", 0, "", "" },
};

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct place place;
		size_t group = 99;

		place_init(&place);
		assert_int_equal(place_parse(row->path, &place, &group), 0);
		if (strcmp(place.slice, row->slice) != 0 || strcmp(place.unit, row->unit) != 0 ||
		    strcmp(place.user_unit, row->user_unit) != 0 ||
		    strcmp(place.session, row->session) != 0 || place.container_kind != row->kind ||
		    strcmp(place.container, row->container) != 0 || group != strlen(row->group) ||
		    memcmp(row->path, row->group, group) != 0)
			fail_msg("%s: slice %s, unit %s, user unit %s, session %s, %s %s, "
				 "group %zu",
			    row->path, place.slice, place.unit, place.user_unit, place.session,
			    container_kind_name(place.container_kind), place.container, group);
		place_clear(&place);
	}
}

/* Names that are too long, at every place a name can stand in. */
static void
test_long(void **state)
{
	static const char *const forms[][2] = {
		{ "/", ".service" },
		{ "/", ".slice/x.service" },
		{ "/user@1.service/", ".service" },
		{ "/session-", ".scope" },
		{ "/lxc/", "" },
		{ "/lxc.payload.", "" },
		{ "/machine-", ".scope" },
		{ "/systemd-nspawn@", ".service/payload" },
	};
	char name[PLACE_PATH_MAX / 2], path[PLACE_PATH_MAX];

	(void)state;
	for (size_t length = 100; length < sizeof(name); length += length / 10) {
		memset(name, 'n', length);
		name[length] = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
			struct place place;
			size_t group;

			(void)snprintf(path, sizeof(path), "%s%s%s", forms[i][0], name,
			    forms[i][1]);
			place_init(&place);
			assert_int_equal(place_parse(path, &place, &group), 0);
			assert_true(strlen(place.unit) < OWNER_UNIT_MAX);
			assert_true(strlen(place.slice) < OWNER_UNIT_MAX);
			assert_true(strlen(place.user_unit) < OWNER_UNIT_MAX);
			assert_true(strlen(place.session) < OWNER_SESSION_MAX);
			assert_true(strlen(place.container) < OWNER_CONTAINER_MAX);
			assert_int_equal(place.container_kind == CONTAINER_NONE,
			    place.container[0] == '\0');
			assert_true(group <= strlen(path));
			place_clear(&place);
		}
	}
}

static void
test_file(void **state)
{
	static const struct {
		const char *text, *path;
	} files[] = {
		{ "0::/system.slice/a.service\n", "/system.slice/a.service" },
		{ "0::/\n", "/" },
		{ "4:memory:/x\n1:name=systemd:/init.scope\n0::/\n", "/init.scope" },
		{ "4:memory:/x\n1:name=systemd:/a\n0::/b\n", "/b" },
		{ "1:name=systemd:/a\n", "/a" },
		{ "1:name=systemd:/\n", "/" },
		{ "4:memory:/x\n", NULL },
		{ "0::/a (deleted)\n", "/a" },
		{ "0::/a:b::c\n", "/a:b::c" },
		{ "0::/cut", NULL },
		{ "0::relative\n", NULL },
		{ "", NULL },
		{ "\n", NULL },
		{ "0\n", NULL },
		{ "0:\n", NULL },
		{ "0::\n", NULL },
		{ ":::\n", NULL },
		/* A cgroup's name cannot have a newline, but it may look like a line. */
		{ "1:name=systemd:/0::/x\n0::/y\n", "/y" },
	};
	char path[PLACE_PATH_MAX], text[PLACE_FILE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		bool found = place_find_path(files[i].text, strlen(files[i].text), path);

		assert_int_equal(found, files[i].path != NULL);
		assert_string_equal(path, found ? files[i].path : "");
	}
	/* One that does not fit is no path. */
	(void)memset(text, 'x', sizeof(text));
	memcpy(text, "0::/", 4);
	text[PLACE_PATH_MAX + 10] = '\n';
	assert_false(place_find_path(text, sizeof(text), path));
}

/* What libsystemd says, "" where it says there is none. */
static void
expect(int (*function)(pid_t, char **), pid_t pid, const char *got)
{
	char *wanted = NULL;

	if (function(pid, &wanted) < 0)
		wanted = NULL;
	assert_string_equal(got, wanted != NULL ? wanted : "");
	free(wanted);
}

/* Every process of this host that has a unit; those of containers have none for libsystemd. */
static void
test_libsystemd(void **state)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	unsigned compared = 0;

	(void)state;
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		char text[PLACE_FILE_MAX], path[PLACE_PATH_MAX];
		_close_ int fd = -1;
		int32_t pid = files_number(entry->d_name);
		struct place place;
		ssize_t length;
		size_t group;

		fd = pid > 0 ? openat(dirfd(directory), entry->d_name, O_PATH | O_CLOEXEC) : -1;
		length = fd >= 0 ? files_read(fd, "cgroup", text, sizeof(text)) : -1;
		if (length <= 0 || !place_find_path(text, (size_t)length, path))
			continue;
		place_init(&place);
		assert_int_equal(place_parse(path, &place, &group), 0);
		/* Still there: what libsystemd said was of the same process. */
		if (place.unit[0] != '\0' && place.container[0] == '\0' &&
		    files_read(fd, "cgroup", text, sizeof(text)) == length) {
			expect(sd_pid_get_unit, pid, place.unit);
			expect(sd_pid_get_user_unit, pid, place.user_unit);
			expect(sd_pid_get_slice, pid, place.slice);
			expect(sd_pid_get_session, pid, place.session);
			compared++;
		}
		place_clear(&place);
	}
	(void)closedir(directory);
	/* Where no systemd runs there is nothing to compare. */
	print_message("# %u processes with a unit\n", compared);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_libsystemd),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
