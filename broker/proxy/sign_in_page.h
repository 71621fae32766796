/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page on which somebody who has no ticket types name and password. No script; its form goes
 * back to where it came from. Template and style are built in (proxy.gresource.xml).
 */
#pragma once

#include "broker/proxy/authorization.h"
#include "common/http_server.h"

/* Answers with it. `complaint` NULL: none. */
void sign_in_page_send(struct http_request *request, unsigned status, const char *title,
    const struct authorization *authorization, const char *complaint);
/* GET /style.css */
void sign_in_page_style(struct http_request *request, void *data);
