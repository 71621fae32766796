/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/openapi.h"

/* The path is from the root of the tree, where everything is compiled. */
__asm__(".section .rodata\n"
        ".global openapi_start\n"
        "openapi_start:\n"
        ".incbin \"pool/openapi.yaml\"\n"
        ".global openapi_end\n"
        "openapi_end:\n"
        ".byte 0\n"
        ".previous\n");
