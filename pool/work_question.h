/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host is asked for a piece of work on a phone (work.h). */
#pragma once

#include "common/http_client.h"
#include "pool/work.h"

struct work_question {
	struct http_call call; /* whoever asks takes its body */
	char *path;
};

/* NULL with error when it may not be asked: nothing is destroyed without an open order (I6). */
struct work_question *work_question_new(
    struct manager *m, const struct work_task *task, GError **error);
void work_question_free(struct work_question *question);
DEFINE_CLEANUP(work_question);
