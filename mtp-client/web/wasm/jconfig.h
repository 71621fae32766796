/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libjpeg-turbo's configuration for WebAssembly, which its build would make: decoding baseline
 * from memory is all that is used. */
#pragma once

#define JPEG_LIB_VERSION 62
#define LIBJPEG_TURBO_VERSION 2.1.5
#define LIBJPEG_TURBO_VERSION_NUMBER 2001005
#define MEM_SRCDST_SUPPORTED 1
#define BITS_IN_JSAMPLE 8
