/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit log, for administrators. */
#include "broker/api.h"
#include "broker/audit.h"
#include "broker/broker.h"
#include "broker/caller.h"

void api_audit_list(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	struct audit_filter filter = {.who = http_request_query(request, "who"),
	    .action = http_request_query(request, "action"),
	    .target = http_request_query(request, "target"),
	    .outcome = http_request_query(request, "outcome")};
	int64_t limit, newest;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_READS, &error);
	if (!caller || !api_query_int(request, "after", 0, G_MAXINT64, 0, &filter.after, &error) ||
	    !api_query_int(request, "before", 0, G_MAXINT64, 0, &filter.before, &error) ||
	    !api_query_int(request, "since", 0, G_MAXINT64, 0, &filter.since, &error) ||
	    !api_query_int(request, "until", 0, G_MAXINT64, 0, &filter.until, &error) ||
	    !api_query_int(request, "newest", 0, 1, 0, &newest, &error) ||
	    !api_query_int(request, "limit", 1, AUDIT_LIST_MAX, 100, &limit, &error))
		return api_fail(request, error);
	filter.limit = (unsigned)limit;
	filter.newest_first = newest != 0;
	JsonArray *records = audit_log_list(broker->audit, &filter, &error);
	if (!records)
		return api_fail(request, error);
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "records", records);
	api_respond(request, 200, object);
}

void api_audit_head(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_READS, &error);
	g_autofree char *head = caller ? audit_log_head(broker->audit, &error) : NULL;
	if (!head)
		return api_fail(request, error);
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "head", head);
	api_respond(request, 200, object);
}
