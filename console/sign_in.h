/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sign-in and sign-out of administrators: the broker decides, the page gets a cookie. `data` is the
 * struct console. */
#pragma once

struct http_request;

void sign_in_open(struct http_request *request, void *data);     /* POST /v1/login */
void sign_in_complete(struct http_request *request, void *data); /* .../second-factor */
void sign_in_close(struct http_request *request, void *data);    /* POST /v1/logout */
void sign_in_show(struct http_request *request, void *data);     /* GET /v1/whoami */
