/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: an image of any kind, through all that is made of it up to the manifest. */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "common/json.h"
#include "qvisor/probe/proposal.h"
#include "qvisor/probe/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int nowhere = -1;
	if (nowhere < 0)
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	const struct proposal_wish wish = {NULL, NULL, 256, 1, 64, 64};
	struct proposal_files files = {nowhere, nowhere, false, false};
	AUTO(image) image = image_new();
	image_add(image, "image", source_of_bytes(bytes));
	image_finish(image);
	AUTO(findings) findings = findings_new(image);
	g_autoptr(JsonObject) report = report_make(image, findings);
	JsonObject *manifest = proposal_make(image, findings, &wish, &files, NULL);
	if (manifest)
		json_object_set_object_member(report, "manifest", manifest);
	g_autofree char *text = report_text(report);
	return text ? 0 : -1;
}
