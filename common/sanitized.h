/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SANITIZED: whether this is built with the address or the thread sanitizer, which reserve
 * terabytes of address space, keep what was freed for a while, and look at themselves through calls
 * that a confined process is denied. gcc and clang tell it in different ways.
 */
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif
