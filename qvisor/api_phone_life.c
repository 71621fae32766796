/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be ordered of a phone beyond start and stop. */
#include "common/error.h"
#include "common/json.h"
#include "qvisor/api.h"
#include "qvisor/phone.h"
#include "qvisor/phone_suspend.h"

static void on_changed(void *data, struct phone *phone, const GError *error)
{
	struct http_request *request = data;
	if (error)
		http_respond_error(request, error);
	else
		http_respond_json(request, 200, phone_json(phone));
}

void api_phone_suspend(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	if (!phone)
		return;
	if (phone->state == PHONE_SUSPENDED && !phone->process) {
		http_respond_json(request, 200, phone_json(phone)); /* what was asked for is so */
		return;
	}
	http_request_hold(request);
	phone_suspend(phone, on_changed, request);
}
