/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/libvirt_domain.h"

#include <string.h>

static void add(GString *xml, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(GString *xml, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_markup_vprintf_escaped(format, arguments);
	va_end(arguments);
	g_string_append(xml, text);
}

static void add_machine(GString *xml, const struct qemu_command *command)
{
	bool pc = command->manifest->architecture == MANIFEST_X86_64;
	unsigned cpus = qemu_command_cpus(command);
	add(xml, "<memory unit='MiB'>%u</memory><vcpu>%u</vcpu>", qemu_command_memory_mib(command),
	    cpus);
	add(xml, "<os><type arch='%s' machine='%s'>hvm</type></os>", pc ? "x86_64" : "aarch64",
	    pc ? "q35" : "virt");
	g_string_append(xml, pc ? "<features><acpi/>" : "<features><gic version='3'/>");
	if (!strcmp(command->emulator.accelerator, "tcg") && command->tb_size_mib)
		add(xml, "<tcg><tb-cache unit='MiB'>%u</tb-cache></tcg>", command->tb_size_mib);
	g_string_append(xml, "</features>");
	/* As QEMU has it by itself: one socket. libvirt's own would be one core a socket. */
	add(xml, "<cpu><topology sockets='1' dies='1' cores='%u' threads='1'/></cpu>", cpus);
}

/* QEMU is ours and its files are: libvirt is to change the owner of none, and knows the names of
 * none. */
static void add_security(GString *xml, const struct libvirt_domain *domain)
{
	if (domain->security.dac)
		add(xml,
		    "<seclabel type='static' model='dac' relabel='no'><label>+%u:+%u</label>"
		    "</seclabel>",
		    (unsigned)domain->uid, (unsigned)domain->gid);
	if (domain->security.apparmor)
		g_string_append(xml, "<seclabel type='none' model='apparmor'/>");
	if (domain->security.selinux)
		g_string_append(xml, "<seclabel type='none' model='selinux'/>");
}

static void add_command_line(GString *xml, const struct qemu_command *command)
{
	g_auto(GStrv) line = qemu_command_build_domain(command);
	g_string_append(xml, "<qemu:commandline>");
	for (char **argument = line; *argument; argument++)
		add(xml, "<qemu:arg value='%s'/>", *argument);
	g_string_append(xml, "</qemu:commandline>");
}

char *libvirt_domain_xml(const struct libvirt_domain *domain)
{
	GString *xml = g_string_new(NULL);
	bool kvm = !strcmp(domain->command->emulator.accelerator, "kvm");
	add(xml,
	    "<domain type='%s' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
	    "<name>%s</name><uuid>%s</uuid>",
	    kvm ? "kvm" : "qemu", domain->name, domain->uuid);
	add_machine(xml, domain->command);
	/* What is over is over: what a phone does then is qvisord's matter. */
	g_string_append(xml, "<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot>"
	                     "<on_crash>destroy</on_crash>");
	/* Nothing that libvirt would add of its own. */
	add(xml,
	    "<devices><emulator>%s</emulator><controller type='usb' model='none'/>"
	    "<memballoon model='none'/><video><model type='none'/></video></devices>",
	    domain->emulator);
	add_security(xml, domain);
	add_command_line(xml, domain->command);
	g_string_append(xml, "</domain>");
	return g_string_free(xml, FALSE);
}
