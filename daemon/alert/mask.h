/* SPDX-License-Identifier: MIT */
/*
 * Secrets in command lines. A command line is readable by everybody on the host, but the journal
 * goes further: to other hosts, to backups, to people. So values that poll like secrets become
 * "***" (`cmdline: masked`, the default).
 *
 * A value is a secret when its name says so. The name, case and "-", "_", "." in it apart, ends in
 *
 *	password passwd passphrase passcode pass pwd psk token secret credential cred key auth
 *	authorization bearer cookie
 *
 * (digits and a plural s after it count for nothing: --passwords, PASSWORD2), or one of its words
 * ends in
 *
 *	password passwd passphrase secret token credential
 *
 * unless its last word says that the value is none (file path dir fd stdin ttl type length len
 * name url timeout policy) or its first one does (no ask max min num skip).
 *
 * What becomes "***": the value in --password=x, --password x (in the next argument too, whatever
 * it looks like), PASSWORD=x, password: x, "password": "x", ?token=x, Authorization: Bearer x, the
 * word after a bare password, passwd, passphrase, secret, token or bearer, and the password in
 * scheme://user:password@host. Where it is not clear how far a value reaches, more is masked
 * rather than less.
 *
 * What is not seen: secrets without a name (mysql's -pSECRET, a password as the third argument).
 */
#ifndef OVERSTAY_ALERT_MASK_H
#define OVERSTAY_ALERT_MASK_H

#include <stddef.h>

#include "base/macros.h"

/* A buffer of this size always suffices: a masked value is at least one byte with a name. */
#define MASK_ROOM(length) (2 * (length) + 8)

/*
 * Copies cmdline (arguments, each ended by a NUL; the last one's may be missing; length bytes) to
 * buffer (size bytes, see MASK_ROOM()) with every secret replaced by "***". Returns how many bytes
 * were written; as many arguments come out as went in, unless the buffer was too small.
 */
size_t mask_secrets(const char *cmdline, size_t length, char *buffer, size_t size);

#endif
