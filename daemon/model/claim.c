/* SPDX-License-Identifier: MIT */
/*
 * Whose name a process goes by. Two tables: well-known services whose names are borrowed by what
 * hides, and kernel threads.
 *
 * Pure; no allocation. Cost: a walk over the tables.
 */
#include <string.h>

#include "model/program.h"

/* Services whose name on another program is a disguise. A longer name of the program that begins
 * with it (nginx-debug, sshd-session) is the same family. */
static const char *const services[] = { "acpid", "agetty", "apache2", "atd", "auditd",
	"avahi-daemon", "chronyd", "containerd", "cron", "crond", "cupsd", "dbus-daemon",
	"dhclient", "dnsmasq", "dockerd", "httpd", "init", "kubelet", "lightdm", "mariadbd",
	"mysqld", "named", "networkd-dispatcher", "NetworkManager", "nginx", "ntpd", "php-fpm",
	"polkitd", "postgres", "rpcbind", "rsyslogd", "snapd", "sshd", "sudo", "systemd",
	"systemd-journald", "systemd-logind", "systemd-networkd", "systemd-resolved",
	"systemd-timesyncd", "udisksd", "unattended-upgr", "wpa_supplicant", "xinetd", NULL };

/* Names that another program has had for long, by a link of its package. */
static const struct {
	const char *name, *program;
} aliases[] = {
	{ "httpd", "apache2" },
	{ "init", "systemd" },
	{ "init", "tini" },
	{ "init", "docker-init" },
	{ "init", "catatonit" },
	{ "mysqld", "mariadbd" },
	{ "named", "bind9" },
	{ "sshd", "dropbear" },
};

/* Beginnings of kernel threads' names (kernel/kthread.c and its callers), "/" or digits behind. */
static const char *const kernel_threads[] = { "kworker/", "ksoftirqd/", "migration/", "cpuhp/",
	"idle_inject/", "irq/", "jbd2/", "kthreadd", "rcu_sched", "rcu_preempt", "rcu_gp",
	"rcu_par_gp", "rcu_tasks_", "kswapd", "kcompactd", "khugepaged", "kdevtmpfs", "kauditd",
	"khungtaskd", "oom_reaper", "kintegrityd", "kblockd", "watchdogd", "scsi_eh_", "scsi_tmf_",
	"ext4-rsv-conver", "xfsaild/", "kthrotld", "kpsmoused", "writeback", "netns", "kstrp",
	"ata_sff", "md_", "edac-poller", "devfreq_wq", "mm_percpu_wq", "slub_flushwq",
	"inet_frag_wq", NULL };

static bool
begins_among(const char *name, const char *const *beginnings)
{
	for (; *beginnings != NULL; beginnings++)
		if (strncmp(name, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

/* True where the program's name, or the script's, is of the family of that service. */
static bool
is_family(const char *service, const char *name)
{
	size_t length = strlen(service);

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcmp(aliases[i].name, service) == 0 && strcmp(aliases[i].program, name) == 0)
			return true;
	return strncmp(name, service, length) == 0 ||
	    (name[0] != '\0' && strncmp(service, name, strlen(name)) == 0);
}

/* What a title names: "nginx: worker", "/usr/sbin/apache2 -k start" -> nginx, apache2. */
static void
take_claim(const char *claimed, char *buffer, size_t size)
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

/* "[kworker/0:1]", as ps(1) shows what has no arguments. celery's "[celeryd: ...]" is a title. */
static bool
is_bracketed(const char *claimed)
{
	size_t length = strcspn(claimed, " ");

	return claimed[0] == '[' && length > 2 && claimed[length] == '\0' &&
	    claimed[length - 1] == ']';
}

const char *
program_pretends(const char *claimed, const char *exe, const char *script)
{
	const char *name = program_name(exe);
	char claim[64];

	/* Without its program nothing can be compared. */
	if (exe[0] == '\0' || program_runs_others(name))
		return NULL;
	if (is_bracketed(claimed) || begins_among(claimed, kernel_threads))
		return is_family(claimed, name) || is_family(claimed, program_name(script)) ?
		    NULL :
		    "a kernel thread";
	take_claim(claimed, claim, sizeof(claim));
	for (size_t i = 0; services[i] != NULL; i++)
		if (strcmp(claim, services[i]) == 0)
			return is_family(services[i], name) ||
				is_family(services[i], program_name(script)) ?
			    NULL :
			    services[i];
	return NULL;
}
