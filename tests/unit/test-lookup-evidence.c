/* SPDX-License-Identifier: MIT */
/*
 * The pure parts of what is told of a process: files by their stat, names, mounts, shells.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lookup/build-id.h"
#include "lookup/evidence.h"
#include "lookup/upgrade.h"
#include "lookup/forward.h"
#include "lookup/kernel-owner.h"
#include "lookup/mounts.h"
#include "lookup/named-file.h"
#include "lookup/shell.h"
#include "wire/protocol.h"

static struct statx
make_file(uint32_t uid, uint32_t gid, unsigned mode)
{
	return (struct statx){
		.stx_uid = uid,
		.stx_gid = gid,
		.stx_mode = (uint16_t)(S_IFREG | mode),
		.stx_nlink = 1,
		.stx_dev_major = 8,
		.stx_dev_minor = 1,
	};
}

/* Who may write to the file, as a process of user 1000 runs it; 100000 is its root. */
static void
test_open(void **state)
{
	static const struct {
		uint32_t uid, gid;
		unsigned mode;
		bool open;
	} cases[] = {
		{ 0, 0, 0755, false },
		{ 0, 0, 0775, false },
		{ 0, 0, 0757, true },
		{ 0, 50, 0755, false },
		{ 0, 50, 0775, true },
		{ 0, 50, 0777, true },
		{ 1000, 1000, 0755, false },
		{ 1000, 1000, 0775, false },
		{ 1000, 100, 0775, true },
		{ 1000, 100, 0755, false },
		{ 1001, 1001, 0755, true },
		{ 1001, 1001, 0555, true },
		{ 100000, 100000, 0755, false },
		{ 100000, 100000, 0775, false },
		{ 0, 100000, 0775, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct statx file = make_file(cases[i].uid, cases[i].gid, cases[i].mode);

		if (evidence_is_open(&file, 1000, 100000) != cases[i].open)
			fail_msg("case %zu", i);
	}
}

static void
test_memory(void **state)
{
	const uint64_t device = 0ULL << 32 | 1;
	static const struct {
		uint32_t minor, links;
		const char *text;
		uint64_t type, device;
		bool memory;
	} cases[] = {
		{ 1, 0, "/memfd:x", TMPFS_MAGIC, 1, true },
		{ 1, 0, "/anything", TMPFS_MAGIC, 1, true },
		{ 1, 1, "/memfd:x", TMPFS_MAGIC, 1, false },
		/* On another tmpfs, or another file system: a file that is called so. */
		{ 2, 0, "/memfd:x", TMPFS_MAGIC, 1, false },
		{ 2, 0, "/memfd:x", 0xef53, 1, false },
		{ 2, 1, "/memfd:x", HUGETLBFS_MAGIC, 1, false },
		{ 2, 0, "/memfd:x", HUGETLBFS_MAGIC, 1, true },
		{ 2, 0, "/x", HUGETLBFS_MAGIC, 1, false },
		/* Where the kernel's own mount is not known, the name has to do. */
		{ 2, 0, "/memfd:x", TMPFS_MAGIC, 0, true },
		{ 2, 0, "/x", TMPFS_MAGIC, 0, false },
		{ 0, 0, "/x", TMPFS_MAGIC, 0, false },
	};

	(void)state;
	(void)device;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct statx file = {
			.stx_dev_minor = cases[i].minor,
			.stx_nlink = cases[i].links,
		};

		if (evidence_is_memory(&file, cases[i].text, cases[i].type, cases[i].device) !=
		    cases[i].memory)
			fail_msg("case %zu", i);
	}
}

static void
test_update(void **state)
{
	const struct statx roots = make_file(0, 0, 0755), users = make_file(1000, 1000, 0755);
	struct statx now = make_file(0, 0, 0755);

	(void)state;
	assert_true(evidence_is_update(&roots, &now, 0));
	assert_true(evidence_is_update(&users, &now, 0));
	now = make_file(1000, 1000, 0775);
	assert_true(evidence_is_update(&users, &now, 0));
	assert_false(evidence_is_update(&roots, &now, 0));
	now = make_file(1001, 1001, 0755);
	assert_false(evidence_is_update(&users, &now, 0));
	now = make_file(0, 0, 0644);
	assert_false(evidence_is_update(&roots, &now, 0));
	now = make_file(0, 0, 0757);
	assert_false(evidence_is_update(&roots, &now, 0));
	now = make_file(0, 0, 0755);
	now.stx_mode = S_IFDIR | 0755;
	assert_false(evidence_is_update(&roots, &now, 0));
}

static void
test_nameless(void **state)
{
	(void)state;
	assert_true(evidence_is_nameless(".nfs000000000a0b0c0d00000001", NFS_SUPER_MAGIC));
	assert_false(evidence_is_nameless(".nfs000000000a0b0c0d00000001", TMPFS_MAGIC));
	assert_false(evidence_is_nameless(".nfs000000000a0b0c0d00000001", 0));
	assert_false(evidence_is_nameless(".nfs", NFS_SUPER_MAGIC));
	assert_false(evidence_is_nameless(".nfsx", NFS_SUPER_MAGIC));
	assert_false(evidence_is_nameless("nfs0", NFS_SUPER_MAGIC));
	assert_false(evidence_is_nameless("nginx", NFS_SUPER_MAGIC));
	assert_false(evidence_is_nameless("", NFS_SUPER_MAGIC));
}

static void
test_descriptors(void **state)
{
	static const struct {
		const char *path;
		int number;
	} cases[] = {
		{ "/proc/self/fd/3", 3 },
		{ "/proc/thread-self/fd/0", 0 },
		{ "/dev/fd/63", 63 },
		{ "/dev/fd/", -1 },
		{ "/dev/fd/x", -1 },
		{ "/dev/fd/3x", -1 },
		{ "/dev/fd/-1", -1 },
		{ "/dev/fd/+1", -1 },
		{ "/dev/fd/ 1", -1 },
		{ "/dev/fd/2147483648", -1 },
		{ "/dev/fd/99999999999999999999", -1 },
		{ "/dev/fd/3/x", -1 },
		{ "/proc/1/fd/3", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (named_file_descriptor(cases[i].path) != cases[i].number)
			fail_msg("%s", cases[i].path);
}

/* ---- build ids ---------------------------------------------------------------------------- */

#define NOTE_AT (sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr))

/* A file of this machine's with one segment of notes; returns its length. */
static size_t
make_elf(uint8_t bytes[512], const void *notes, size_t length)
{
	Elf64_Ehdr header = {
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	Elf64_Phdr segment = {
		.p_type = PT_NOTE,
		.p_offset = NOTE_AT,
		.p_filesz = length,
		.p_align = 4,
	};

	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
	memset(bytes, 0, 512);
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &segment, sizeof(segment));
	memcpy(bytes + NOTE_AT, notes, length);
	return NOTE_AT + length;
}

static int
read_bytes(const uint8_t *bytes, size_t length, struct build_id *ret)
{
	int fd = memfd_create("test", MFD_CLOEXEC), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
	r = build_id_read(fd, ret);
	assert_int_equal(close(fd), 0);
	return r;
}

/* One note: the words of its header, "GNU", and an id of that many bytes. */
static size_t
make_note(uint8_t note[256], uint32_t type, uint32_t length)
{
	const Elf64_Nhdr header = {
		.n_namesz = 4,
		.n_descsz = length,
		.n_type = type,
	};

	memcpy(note, &header, sizeof(header));
	memcpy(note + sizeof(header), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU));
	memset(note + sizeof(header) + 4, 0xab, length);
	return sizeof(header) + 4 + length;
}

static void
test_build_id(void **state)
{
	uint8_t bytes[512], notes[512];
	struct build_id id, other;
	size_t length;

	(void)state;
	length = make_note(notes, NT_GNU_BUILD_ID, 20);
	assert_int_equal(read_bytes(bytes, make_elf(bytes, notes, length), &id), 0);
	assert_int_equal(id.length, 20);
	assert_int_equal(id.bytes[19], 0xab);
	assert_int_equal(id.bytes[20], 0);
	/* Behind another one. */
	length = make_note(notes, NT_GNU_ABI_TAG, 16);
	length += make_note(notes + length, NT_GNU_BUILD_ID, 20);
	assert_int_equal(read_bytes(bytes, make_elf(bytes, notes, length), &other), 0);
	assert_true(build_id_is_same(&id, &other));
	other.bytes[3]++;
	assert_false(build_id_is_same(&id, &other));
	/* Of no length that there is. */
	length = make_note(notes, NT_GNU_BUILD_ID, BUILD_ID_BYTES_MIN - 1);
	assert_int_equal(read_bytes(bytes, make_elf(bytes, notes, length), &id), -ENOENT);
	length = make_note(notes, NT_GNU_BUILD_ID, BUILD_ID_BYTES_MAX + 1);
	assert_int_equal(read_bytes(bytes, make_elf(bytes, notes, length), &id), -ENOENT);
	length = make_note(notes, NT_GNU_BUILD_ID, BUILD_ID_BYTES_MAX);
	assert_int_equal(read_bytes(bytes, make_elf(bytes, notes, length), &id), 0);
	/* Cut, wherever that is. */
	length = make_elf(bytes, notes, length);
	for (size_t cut = 0; cut < length; cut++)
		assert_true(read_bytes(bytes, cut, &id) < 0);
	/* Another machine's, and none. */
	bytes[EI_DATA] = bytes[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
	assert_int_equal(read_bytes(bytes, length, &id), -ENOEXEC);
	assert_int_equal(read_bytes((const uint8_t *)"#!/bin/sh\n", 10, &id), -ENOEXEC);
}

/* Offsets and lengths that nothing is at, or that add up to something else. */
static void
test_build_id_bounds(void **state)
{
	static const uint64_t odd[] = { 0, 1, 511, 512, 4095, 4096, 65536, 1ULL << 32, INT64_MAX,
		(uint64_t)INT64_MAX + 1, UINT64_MAX - 63, UINT64_MAX };
	static const size_t fields[] = {
		offsetof(Elf64_Ehdr, e_phoff),
		sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset),
		sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz),
		sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_align),
	};
	uint8_t bytes[512], notes[256];
	size_t length = make_note(notes, NT_GNU_BUILD_ID, 20);
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		for (size_t j = 0; j < ARRAY_SIZE(odd); j++) {
			struct build_id id = { 0 };
			size_t size = make_elf(bytes, notes, length);

			memcpy(bytes + fields[i], &odd[j], sizeof(odd[j]));
			if (read_bytes(bytes, size, &id) == 0)
				assert_int_equal(id.length, 20);
		}
	/* Bytes changed here and there. */
	for (unsigned round = 0; round < 20000; round++) {
		struct build_id id = { 0 };
		size_t size = make_elf(bytes, notes, length);

		for (unsigned i = 0; i <= round % 4; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			bytes[SELFMAG + (seed >> 33) % (size - SELFMAG)] = (uint8_t)(seed >> 24);
		}
		if (read_bytes(bytes, size, &id) == 0)
			assert_true(
			    id.length >= BUILD_ID_BYTES_MIN && id.length <= BUILD_ID_BYTES_MAX);
	}
}

static void
test_root(void **state)
{
	static const struct {
		const char *text;
		uint32_t root;
	} cases[] = {
		{ "         0          0 4294967295\n", 0 },
		{ "         0     100000      65536\n", 100000 },
		{ "         1     100000      65536\n         0       1000          1\n", 1000 },
		{ "         5     100000      65536\n", UINT32_MAX },
		{ "         0 4294967295          1\n", UINT32_MAX },
		{ "", UINT32_MAX },
		{ "\n\n", UINT32_MAX },
		{ "x", UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(evidence_parse_root(cases[i].text, strlen(cases[i].text)),
		    cases[i].root);
}

static void
check_place(const char *text, const char *path, const char *wanted, uint64_t wanted_id)
{
	char *copy = strdup(text), place[256] = "";
	uint64_t id = 0;
	int r;

	assert_non_null(copy);
	r = mounts_locate(copy, path, place, sizeof(place), &id);
	assert_int_equal(r, wanted != NULL ? 0 : -ENOENT);
	if (wanted != NULL)
		assert_string_equal(place, wanted);
	assert_int_equal(id, wanted_id);
	free(copy);
}

static void
test_mounts(void **state)
{
	static const char plain[] = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
				    "23 22 0:5 / /dev rw - devtmpfs udev rw\n"
				    "24 22 8:2 / /usr rw - ext4 /dev/sda2 rw\n";
	/* ProtectSystem=: the same directories once more, read-only. */
	static const char protected[] = "40 39 8:1 / / rw - ext4 /dev/sda1 rw\n"
					"41 40 8:2 / /usr ro - ext4 /dev/sda2 rw\n"
					"42 40 8:1 /etc /etc ro - ext4 /dev/sda1 rw\n";
	/* One file, or one directory, lent another's name. */
	static const char lent[] =
	    "40 39 8:1 / / rw - ext4 /dev/sda1 rw\n"
	    "41 40 8:2 / /usr rw - ext4 /dev/sda2 rw\n"
	    "42 41 8:2 /bin/python3 /usr/sbin/nginx rw - ext4 /dev/sda2 rw\n"
	    "43 40 8:1 /home/al\\040ice /opt/a\\134b rw - ext4 /dev/sda1 rw\n";
	/* What is mounted on /usr later hides what was mounted below it before. */
	static const char hidden[] =
	    "40 39 8:1 / / rw - ext4 /dev/sda1 rw\n"
	    "42 40 8:1 /usr/sbin/nginx /usr/sbin/nginx rw - ext4 /dev/sda1 rw\n"
	    "43 40 8:3 /x /usr rw - ext4 /dev/sda3 rw\n"
	    "44 43 8:4 / /usr rw - ext4 /dev/sda4 rw\n";
	static const char circle[] =
	    "1 1 8:1 / / rw - ext4 a rw\n2 3 8:2 / / rw - x y z\n3 2 8:3 / / rw - x y z\n"
	    "2 1 8:2 / / rw - x y z\n";

	(void)state;
	check_place(plain, "/usr/sbin/nginx", "8:2/sbin/nginx", 24);
	check_place(plain, "/usrlocal/x", "8:1/usrlocal/x", 22);
	check_place(plain, "/bin/x", "8:1/bin/x", 22);
	check_place(plain, "/usr", "8:2", 24);
	check_place(protected, "/usr/sbin/nginx", "8:2/sbin/nginx", 41);
	check_place(protected, "/etc/x", "8:1/etc/x", 42);
	check_place(lent, "/usr/sbin/nginx", "8:2/bin/python3", 42);
	check_place(lent, "/usr/sbin/nginx2", "8:2/sbin/nginx2", 41);
	check_place(lent, "/opt/a\\b/x", "8:1/home/al ice/x", 43);
	check_place(hidden, "/usr/sbin/nginx", "8:4/sbin/nginx", 44);
	check_place(circle, "/x", NULL, 0);
	check_place("", "/x", NULL, 0);
	check_place("\n\n22\n22 1\n22 1 8:1 /\n", "/x", NULL, 0);
	check_place("22 1 8:1 / /usr rw\n", "/usr/x", NULL, 0);
}

static void
test_shells(void **state)
{
	static const struct {
		const char *exe;
		const char *arguments;
		size_t length;
		bool shell;
	} cases[] = {
#define CASE(exe, arguments, shell) { exe, arguments, sizeof(arguments), shell }
		CASE("/bin/bash", "x", true),
		CASE("/usr/bin/dash", "-sh\0-i", true),
		CASE("/usr/bin/python3", "sh", false),
		CASE("bash", "", true),
		CASE("", "sh", false),
		CASE("/bin/busybox", "sh", true),
		CASE("/bin/busybox", "busybox\0sh", true),
		CASE("/bin/busybox", "-ash", true),
		CASE("/bin/busybox", "busybox", false),
		CASE("/bin/busybox", "/bin/busybox\0httpd", false),
		CASE("/opt/bashful", "bash", false),
		CASE("/bin/ksh93", "x", true),
		CASE("/usr/bin/rbash", "x", true),
		CASE("/usr/bin/zsh-5.9", "x", true),
		CASE("/bin/toybox", "toybox\0sh", true),
		CASE("/usr/bin/shred", "sh", false),
#undef CASE
		{ "/bin/busybox", "", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (shell_is_program(cases[i].exe, "", cases[i].arguments, cases[i].length) !=
		    cases[i].shell)
			fail_msg("case %zu", i);
	assert_true(shell_is_program("/opt/helper", "bash", "helper", 7));
	assert_false(shell_is_program("/opt/helper", "ncat", "bash", 5));
	assert_true(shell_is_program("/opt/helper", "busybox", "sh", 3));
}

static void
test_kernel_threads(void **state)
{
	const uint32_t tcp = 1U << PROTOCOL_TCP, udp = 1U << PROTOCOL_UDP;
	static const struct {
		const char *comm;
		uint32_t unproved;
		uint16_t port;
	} cases[] = {
		{ "lockd", tcp | udp, 0 },
		{ "nfsd", tcp | udp, 0 },
		{ "NFSv4 callback", tcp, 0 },
		{ "nfsv4.1-svc", tcp, 0 },
		{ "kworker/R-nvmet_tcp_wq", tcp, 0 },
		{ "kworker/R-krxrpcd", udp, 0 },
		{ "krxrpcio/50001", 0, 50001 },
		{ "krxrpcio/65536", 0, 0 },
		{ "krxrpcio/", 0, 0 },
		{ "kworker/0:1-events", 0, 0 },
		{ "", 0, 0 },
	};
	static struct kernel_claims claims;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		kernel_claims_init(&claims);
		kernel_owner_take_thread(cases[i].comm, &claims);
		assert_int_equal(claims.unproved, cases[i].unproved);
		assert_int_equal(claims.count, cases[i].port != 0);
		if (cases[i].port != 0)
			assert_int_equal(claims.ports[0].port, cases[i].port);
	}
}

static void
test_kernel_ports(void **state)
{
	static const char list[] = "rdma 20049\nudp 2049\ntcp 50002\ntcp-bc 3\ntcp 99999\n"
				   "tcp x\ntcp \n tcp 4\ntcp 50003";
	static const struct {
		const char *text;
		uint16_t port;
	} cases[] = { { "50004\n", 50004 }, { "0\n", 0 }, { "", 0 }, { "-1\n", 0 },
		{ "65535", 65535 }, { "70000\n", 0 }, { "00000000000000000000004711\n", 0 } };
	static struct kernel_claims claims;

	(void)state;
	kernel_claims_init(&claims);
	kernel_owner_take_ports(list, sizeof(list) - 1, &claims);
	assert_int_equal(claims.count, 3);
	assert_int_equal(claims.ports[0].port, 2049);
	assert_int_equal(claims.ports[0].protocol, PROTOCOL_UDP);
	assert_int_equal(claims.ports[1].port, 50002);
	assert_int_equal(claims.ports[1].protocol, PROTOCOL_TCP);
	assert_int_equal(claims.ports[2].port, 50003);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		kernel_claims_init(&claims);
		kernel_owner_take_port(cases[i].text, strlen(cases[i].text), PROTOCOL_TCP, &claims);
		assert_int_equal(claims.count, cases[i].port != 0);
		if (cases[i].port != 0)
			assert_int_equal(claims.ports[0].port, cases[i].port);
	}
}

/* However a table is cut, nothing is read behind it. */
static void
test_addresses(void **state)
{
	static const char table[] =
	    "Main:\n  |-- 10.0.0.1\n     /32 host LOCAL\n"
	    "  |-- 10.0.0.255\n     /32 link BROADCAST\n"
	    "  |-- 127.0.0.1\n     /32 host LOCAL\n  |-- nonsense\n     /32 host LOCAL\n"
	    "  |-- 10.0.0.2\n     /32 host LOCAL\n";
	uint32_t addresses[4];

	(void)state;
	assert_int_equal(forward_parse_addresses(table, sizeof(table) - 1, addresses, 4), 2);
	assert_int_equal(addresses[0], 0x0100000a);
	assert_int_equal(addresses[1], 0x0200000a);
	assert_int_equal(forward_parse_addresses(table, sizeof(table) - 1, addresses, 1), 1);
	for (size_t length = 0; length < sizeof(table); length++) {
		char *copy = malloc(length + 1);

		assert_non_null(copy);
		memcpy(copy, table, length);
		/* Without a byte more than there are. */
		copy = realloc(copy, length > 0 ? length : 1);
		assert_true(forward_parse_addresses(copy, length, addresses, 4) <= 2);
		free(copy);
	}
}

static void
test_versions_of_directories(void **state)
{
	static const struct {
		const char *before, *now;
		bool is_version;
	} pairs[] = {
		{ "java-17.0.9", "java-17.0.10", true },
		{ "erts-13.1", "erts-13.2", true },
		{ "1.0", "1.1", true },
		{ "v1", "v22.3-beta", true },
		{ "erts-13.1", "erts-13.1", false },
		{ "erts-13.1", "erts-", false },
		{ "erts-13.1", "erts", false },
		{ "erts-13.1", "ertz-13.1", false },
		{ "erts-13.1", "erts-x13.2", false },
		{ "erts", "erts-13.2", false },
		{ "bin", "sbin", false },
		{ "", "", false },
		{ "1", "", false },
		{ "1", "..", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		assert_int_equal(upgrade_is_version(pairs[i].before, pairs[i].now),
		    pairs[i].is_version);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions_of_directories),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_build_id),
		cmocka_unit_test(test_build_id_bounds),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_shells),
		cmocka_unit_test(test_kernel_threads),
		cmocka_unit_test(test_kernel_ports),
		cmocka_unit_test(test_addresses),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
