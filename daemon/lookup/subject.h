/* SPDX-License-Identifier: MIT */
/*
 * What the facts about one process are read from, handed down from evidence.c.
 */
#ifndef OVERSTAY_LOOKUP_SUBJECT_H
#define OVERSTAY_LOOKUP_SUBJECT_H

#include <stdint.h>

#include "lookup/content.h"
#include "lookup/proc.h"
#include "lookup/program-file.h"
#include "lookup/view.h"
#include "model/owner.h"

struct subject {
	const struct view *view;
	int process_fd, task_fd;
	const struct program_file *program;
	struct process *process;
	uint32_t root_uid; /* who is root to the process, by its user namespace */
	int own_root_fd; /* where absolute paths of the process begin; -1 = may not be looked at */
	bool has_loaded; /* a wrapper runs the file `loaded` */
	struct statx loaded;
};

/* Who reads a path that the process named. */
static inline struct content_reader
subject_reader(const struct subject *subject)
{
	uint32_t real_uid = UINT32_MAX;

	return (struct content_reader){
		.systems = subject->view->systems,
		.process = subject->process,
		.raised = proc_read_real_uid(subject->task_fd, &real_uid) < 0 ||
		    real_uid != subject->process->uid,
	};
}

#endif
