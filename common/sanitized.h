/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SANITIZED: whether this is built with the address sanitizer, which reserves terabytes of address
 * space, keeps what was freed for a while, and looks at itself through calls that a confined
 * process is denied. gcc and clang tell it in different ways.
 */
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif
