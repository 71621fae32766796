/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a phone's QEMU is limited to. */
#include "qvisor/qemu_limits.h"

static void test_limits(void)
{
	const struct manifest plain = {.cpus = 2, .memory_mib = 1000};
	const struct manifest grows = {
	    .cpus = 1, .memory_mib = 1024, .max_cpus = 4, .max_memory_mib = 2048};
	struct qemu_command command = {
	    .manifest = &plain, .emulator = {"qemu", "tcg", "max"}, .tb_size_mib = 64};
	struct qemu_limits limits = qemu_limits_of(&command);
	g_assert_cmpuint(limits.memory_mib, ==, 1000 + 64 + 512);
	g_assert_cmpuint(limits.cpu_percent, ==, 300);
	command.emulator.accelerator = "kvm"; /* which has no code cache */
	g_assert_cmpuint(qemu_limits_of(&command).memory_mib, ==, 1000 + 512);
	command.memory_mib = 3000; /* ordered by its owner */
	g_assert_cmpuint(qemu_limits_of(&command).memory_mib, ==, 3000 + 512);
	/* What may be plugged later is in it from the start. */
	command = (struct qemu_command){.manifest = &grows, .emulator = {"qemu", "tcg", "max"}};
	limits = qemu_limits_of(&command);
	g_assert_cmpuint(limits.memory_mib, ==, 1024 + 1024 + 1024 + 512);
	g_assert_cmpuint(limits.cpu_percent, ==, 500);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qemu-limits/limits", test_limits);
	return g_test_run();
}
