/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the leak sanitizer, which asks a program by these names (LeakSanitizer, "Suppressions"):
 * libvncclient does not give back its JPEG decompressor, and that is not our leak. Included once a
 * program.
 */
#pragma once

const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libvncserver.so\nleak:libvncclient.so\n";
}
const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}
