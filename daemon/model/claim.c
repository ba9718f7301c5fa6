/* SPDX-License-Identifier: MIT */
/*
 * Whose name a process goes by: argv[0], over which it may have written a title, and comm. Two
 * tables: well-known services whose names are borrowed by what hides, and kernel threads. What
 * takes a look at files, whether the name belongs to another one or to its own, stands in the
 * facts (EVIDENCE_NAME_OTHER, _COMM_OTHER, _NAME_OWN).
 *
 * What it never does: let a name excuse what the file's owner could have called so himself. A
 * wrapper or multi-call binary is believed where only root may have put it there; a bracketed name
 * never, since no file is a kernel thread.
 *
 * Pure; no allocation. Cost: a walk over the tables.
 */
#include <string.h>
#include <sys/stat.h>

#include "model/claim.h"
#include "model/identity.h"

/* What the kernel keeps of a name in comm, without the NUL (TASK_COMM_LEN). */
#define COMM_LENGTH 15

/* Services whose name on another program is a disguise. */
static const char *const services[] = { "acpid", "agetty", "apache2", "atd", "auditd",
	"avahi-daemon", "chronyd", "containerd", "cron", "crond", "cupsd", "dbus-daemon",
	"dhclient", "dnsmasq", "dockerd", "httpd", "init", "kubelet", "lightdm", "mariadbd",
	"mysqld", "named", "networkd-dispatcher", "NetworkManager", "nginx", "ntpd", "php-fpm",
	"polkitd", "postgres", "rpcbind", "rsyslogd", "snapd", "sshd", "sudo", "systemd",
	"systemd-journald", "systemd-logind", "systemd-networkd", "systemd-resolved",
	"systemd-timesyncd", "udisksd", "unattended-upgr", "wpa_supplicant", "xinetd",
	"(udev-worker)", NULL };

/* Names that another program has had for long, by a link of its package or by its titles. A "*" is
 * the beginning of any vendor's name. */
static const struct {
	const char *name, *program;
} aliases[] = {
	{ "httpd", "apache2" },
	{ "init", "systemd" },
	{ "init", "tini" },
	{ "init", "dumb-init" },
	{ "init", "docker-init" },
	{ "init", "catatonit" },
	{ "init", "runit" },
	{ "init", "s6-svscan" },
	{ "init", "openrc-init" },
	{ "mysqld", "mariadbd" },
	{ "named", "bind9" },
	{ "postgres", "postmaster" },
	{ "postgres", "*-postgres" },
	{ "postgres", "*_postgres" },
	{ "sshd", "dropbear" },
	{ "(udev-worker)", "systemd-udevd" },
	{ "(udev-worker)", "udevadm" },
};

/* What follows the beginning of a kernel thread's name (kernel/kthread.c and its callers). */
enum thread_rest {
	REST_ANY,    /* anything: no program's name has a slash, or begins so */
	REST_NUMBER, /* nothing or digits */
	REST_SHARED, /* as that; there are programs whose file is called so */
	REST_ARRAY,  /* an array's number, X for one of LVM's, and what is done for it */
};

static const struct {
	const char *beginning;
	enum thread_rest rest;
} kernel_threads[] = {
	{ "kworker/", REST_ANY },
	{ "ksoftirqd/", REST_ANY },
	{ "migration/", REST_ANY },
	{ "cpuhp/", REST_ANY },
	{ "idle_inject/", REST_ANY },
	{ "irq/", REST_ANY },
	{ "jbd2/", REST_ANY },
	{ "xfsaild/", REST_ANY },
	{ "scsi_eh_", REST_ANY },
	{ "scsi_tmf_", REST_ANY },
	{ "rcu_tasks_", REST_ANY },
	{ "kthreadd", REST_NUMBER },
	{ "rcu_sched", REST_NUMBER },
	{ "rcu_preempt", REST_NUMBER },
	{ "rcu_gp", REST_NUMBER },
	{ "rcu_par_gp", REST_NUMBER },
	{ "kswapd", REST_NUMBER },
	{ "kcompactd", REST_NUMBER },
	{ "khugepaged", REST_NUMBER },
	{ "kdevtmpfs", REST_NUMBER },
	{ "kauditd", REST_NUMBER },
	{ "khungtaskd", REST_NUMBER },
	{ "oom_reaper", REST_NUMBER },
	{ "kintegrityd", REST_NUMBER },
	{ "kblockd", REST_NUMBER },
	{ "ext4-rsv-conver", REST_NUMBER },
	{ "kthrotld", REST_NUMBER },
	{ "kpsmoused", REST_NUMBER },
	{ "ata_sff", REST_NUMBER },
	{ "edac-poller", REST_NUMBER },
	{ "devfreq_wq", REST_NUMBER },
	{ "mm_percpu_wq", REST_NUMBER },
	{ "slub_flushwq", REST_NUMBER },
	{ "inet_frag_wq", REST_NUMBER },
	{ "btrfs-cleaner", REST_NUMBER },
	{ "btrfs-transacti", REST_NUMBER },
	{ "usb-storage", REST_NUMBER },
	{ "lockd", REST_SHARED },
	{ "nfsd", REST_SHARED },
	{ "md_", REST_SHARED },
	{ "md", REST_ARRAY },
	{ "kstrp", REST_SHARED },
	{ "netns", REST_SHARED },
	{ "watchdogd", REST_SHARED },
	{ "writeback", REST_SHARED },
};

/* ---- names -------------------------------------------------------------------------------- */

static bool
is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool
claim_is_namesake(const char *a, const char *b)
{
	size_t length = 0;

	while (a[length] != '\0' && a[length] == b[length])
		length++;
	if (a[length] != '\0' && b[length] != '\0')
		return false;
	/* The end of one of them. One letter is nobody's name but its own. */
	return (a[length] == b[length] && length > 0) ||
	    (length > 1 && !is_letter(a[length]) && !is_letter(b[length]));
}

bool
claim_is_installed(const struct process *process)
{
	return (process->evidence & EVIDENCE_EXE_KNOWN) != 0 &&
	    (process->evidence & (EVIDENCE_EXE_OPEN | EVIDENCE_EXE_OPEN_PATH)) == 0 &&
	    (process->exe_uid == 0 || process->exe_uid != process->uid) &&
	    (process->exe_mode & S_IWOTH) == 0;
}

static bool
runs_others(const struct process *process)
{
	return program_runs_others(program_name(process->exe)) ||
	    program_runs_others(process->known_as);
}

bool
claim_runs_others(const struct process *process)
{
	return runs_others(process) && claim_is_installed(process);
}

static bool
is_alias(const char *pattern, const char *name)
{
	size_t length = strlen(name), tail;

	if (pattern[0] != '*')
		return strcmp(pattern, name) == 0;
	tail = strlen(pattern + 1);
	return length > tail && strcmp(name + length - tail, pattern + 1) == 0;
}

bool
claim_is_family(const char *service, const char *name)
{
	/* ".foo-wrapped" is foo behind a wrapper. */
	name += name[0] == '.';
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcmp(aliases[i].name, service) == 0 && is_alias(aliases[i].program, name))
			return true;
	return claim_is_namesake(service, name);
}

/* What a title names: "nginx: worker", "/usr/sbin/apache2 -k start" -> nginx, apache2. */
static void
take_name(const char *claimed, char *buffer, size_t size)
{
	size_t length = strcspn(claimed, " :");
	const char *name = claimed;

	for (size_t i = 0; i < length; i++)
		if (claimed[i] == '/')
			name = claimed + i + 1;
	length = (size_t)(claimed + length - name);
	if (length >= size)
		length = size - 1;
	memcpy(buffer, name, length);
	buffer[length] = '\0';
}

/* ---- kernel threads ----------------------------------------------------------------------- */

/* "127_raid1", "X_resync": what md calls its threads (drivers/md). */
static bool
is_of_array(const char *text)
{
	static const char raid[] = "raid";
	size_t number = text[0] == 'X' ? 1 : strspn(text, "0123456789");

	if (number == 0 || text[number] != '_')
		return false;
	text += number + 1;
	if (strncmp(text, raid, sizeof(raid) - 1) != 0)
		return strcmp(text, "resync") == 0 || strcmp(text, "reclaim") == 0;
	text += sizeof(raid) - 1;
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool
is_rest(const char *text, enum thread_rest rest)
{
	if (rest == REST_ARRAY)
		return is_of_array(text);
	return rest == REST_ANY || text[strspn(text, "0123456789")] == '\0';
}

/* Is this a kernel thread's name? Where programs have it too, that is not told of `name`. */
static bool
is_thread(const char *claimed, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_threads); i++) {
		size_t length = strlen(kernel_threads[i].beginning);
		enum thread_rest rest = kernel_threads[i].rest;

		if (strncmp(claimed, kernel_threads[i].beginning, length) == 0 &&
		    is_rest(claimed + length, rest))
			return rest != REST_SHARED || !claim_is_namesake(claimed, name);
	}
	return false;
}

/* "[kworker/0:1]", as ps(1) shows what has no arguments. celery's "[celeryd: ...] -active-" is a
 * title. */
static bool
is_bracketed(const char *claimed)
{
	size_t length = strlen(claimed);

	if (claimed[0] != '[' || length < 3)
		return false;
	return (claimed[length - 1] == ']' && strchr(claimed, ' ') == NULL) ||
	    is_thread(claimed + 1, "");
}

/* ---- what it may be called ---------------------------------------------------------------- */

/* argv[0] leads to its own file: then it has that name honestly, and comm is what execve(2)
 * keeps. */
static bool
is_own(const struct process *process, const char *name)
{
	char called[64];

	if ((process->evidence & EVIDENCE_NAME_OWN) == 0 || process->cmdline_length == 0)
		return false;
	take_name(process->cmdline, called, sizeof(called));
	return strcmp(name, called) == 0 ||
	    (strlen(name) == COMM_LENGTH && strncmp(name, called, COMM_LENGTH) == 0);
}

/* May what runs be called by the name of that service? */
static bool
may_be(const struct process *process, const char *service)
{
	struct identity identity;

	if ((process->evidence & EVIDENCE_EXE_NAMELESS) != 0 || is_own(process, service) ||
	    claim_is_family(service, program_name(process->exe)))
		return true;
	identity_find(process, &identity);
	/* Anybody may have a file that is called like a multi-call binary or a wrapper. */
	if (identity.wrapped || runs_others(process))
		return claim_runs_others(process) &&
		    (!identity.wrapped || claim_is_family(service, identity.name));
	return claim_is_family(service, program_name(process->script));
}

static bool
is_false(const struct process *process, const char *claimed)
{
	char name[64];

	if (is_bracketed(claimed) || is_thread(claimed, program_name(process->exe)))
		return true;
	take_name(claimed, name, sizeof(name));
	/* That process of systemd's closes every socket before it begins. */
	if (strcmp(name, "(sd-pam)") == 0)
		return true;
	for (size_t i = 0; services[i] != NULL; i++)
		if (strcmp(name, services[i]) == 0)
			return !may_be(process, services[i]);
	return false;
}

bool
claim_find_false(const struct process *process, struct claim *ret)
{
	const struct {
		const char *text;
		uint32_t other;
	} claims[] = {
		{ process->cmdline_length > 0 ? process->cmdline : "", EVIDENCE_NAME_OTHER },
		{ process->comm, EVIDENCE_COMM_OTHER },
	};

	/* Without its program, or its name ("/" where its mount is gone), nothing can be
	 * compared. */
	if (program_name(process->exe)[0] == '\0')
		return false;
	/* A path that its own mounts made. */
	if ((process->evidence & EVIDENCE_EXE_COVERS) != 0) {
		*ret = (struct claim){ process->exe, strlen(process->exe) };
		return true;
	}
	if ((process->script_evidence & SCRIPT_COVERS) != 0) {
		*ret = (struct claim){ process->script, strlen(process->script) };
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		if ((process->evidence & claims[i].other) == 0 &&
		    !is_false(process, claims[i].text))
			continue;
		*ret = (struct claim){ claims[i].text, strlen(claims[i].text) };
		return true;
	}
	return false;
}

bool
claim_find_of_owner(const struct owner *owner, struct claim *ret,
    const struct process **ret_process)
{
	for (uint32_t i = 0; i < owner->process_count; i++) {
		*ret_process = owner->processes[i];
		if (!process_is_init(*ret_process) && claim_find_false(*ret_process, ret))
			return true;
	}
	return false;
}
