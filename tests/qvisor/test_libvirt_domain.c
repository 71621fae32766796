/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt is told of a phone: golden documents. */
#include <string.h>

#include "qvisor/libvirt_domain.h"

static struct manifest manifest = {
    .name = (char *)"tiny",
    .kernel = (char *)"/images/vmlinuz",
    .cmdline = (char *)"quiet <\"'&>",
    .cpus = 2,
    .memory_mib = 512,
    .width = 360,
    .height = 720,
};

static char *xml_of(enum qemu_boot boot, const char *accelerator, struct libvirt_security security)
{
	const struct qemu_command command = {
	    .boot = boot,
	    .manifest = &manifest,
	    .emulator = {"qemu", accelerator, "max"},
	    .tb_size_mib = 64,
	    .uuid = "UUID",
	    .memory = "/t/memory",
	    .sockets = "/p,q",
	};
	const struct libvirt_domain domain = {
	    .command = &command,
	    .name = "qvmi-0123-UUID",
	    .uuid = "UUID",
	    .emulator = "/usr/bin/qemu",
	    .security = security,
	    .uid = 7,
	    .gid = 8,
	};
	return libvirt_domain_xml(&domain);
}

#define HEAD                                                                                       \
	"<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"             \
	"<name>qvmi-0123-UUID</name><uuid>UUID</uuid>"                                             \
	"<memory unit='MiB'>512</memory><vcpu>2</vcpu>"                                            \
	"<os><type arch='x86_64' machine='q35'>hvm</type></os>"                                    \
	"<features><acpi/><tcg><tb-cache unit='MiB'>64</tb-cache></tcg></features>"                \
	"<cpu><topology sockets='1' dies='1' cores='2' threads='1'/></cpu>"                        \
	"<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot>"                         \
	"<on_crash>destroy</on_crash>"                                                             \
	"<devices><emulator>/usr/bin/qemu</emulator><controller type='usb' model='none'/>"         \
	"<memballoon model='none'/><video><model type='none'/></video></devices>"
#define ARGUMENT(value) "<qemu:arg value='" value "'/>"
static const char *const of_clone[] = {
    "-chardev",
    "socket,id=qmp,path=/p,,q/qmp.sock,server=on,wait=off",
    "-mon",
    "chardev=qmp,mode=control",
    "-action",
    "reboot=shutdown,panic=shutdown",
    "-display",
    "dbus,p2p=yes",
    "-machine",
    "memory-backend=ram,hpet=off,vmport=off,smm=off,usb=off,dump-guest-core=off,mem-merge=off",
    "-cpu",
    "max",
    "-smp",
    "2",
    "-m",
    "512M",
    "-object",
    "memory-backend-file,id=ram,size=512M,mem-path=/t/memory,share=off,readonly=on,rom=off",
    "-incoming",
    "defer",
    NULL,
};

static void assert_begins(const char *text, const char *head)
{
	g_autofree char *same = g_strndup(text, strlen(head));
	g_assert_cmpstr(same, ==, head);
}

static void test_clone(void)
{
	g_autofree char *xml = xml_of(QEMU_BOOT_CLONE, "tcg", (struct libvirt_security){0});
	g_autoptr(GString) head = g_string_new(HEAD "<qemu:commandline>");
	for (const char *const *argument = of_clone; *argument; argument++)
		g_string_append_printf(head, ARGUMENT("%s"), *argument);
	assert_begins(xml, head->str);
	g_assert_nonnull(strstr(xml, "socket,id=agent,path=/p,,q/agent.sock,server=on,wait=off"));
	g_assert_true(g_str_has_suffix(xml, "</qemu:commandline></domain>"));
}

/* What is libvirt's to say is not said to QEMU, too, nor may it add what no template has. */
static void test_said_once(void)
{
	static const char *const never[] = {
	    "-accel", "-name", "-uuid", "-sandbox", "-S", "-nodefaults", "-no-user-config"};
	g_autofree char *xml = xml_of(QEMU_BOOT_CLONE, "tcg", (struct libvirt_security){0});
	for (unsigned i = 0; i < G_N_ELEMENTS(never); i++) {
		g_autofree char *argument = g_strdup_printf(ARGUMENT("%s"), never[i]);
		g_assert_null(strstr(xml, argument));
	}
}

/* A manifest's author writes the kernel's command line. */
static void test_escaped(void)
{
	g_autofree char *xml = xml_of(QEMU_BOOT_TEMPLATE, "tcg", (struct libvirt_security){0});
	g_assert_nonnull(strstr(xml, ARGUMENT("quiet &lt;&quot;&apos;&amp;&gt;")));
	g_assert_nonnull(strstr(xml, "mem-path=/t/memory,share=on"));
}

static void test_security(void)
{
	g_autofree char *xml = xml_of(QEMU_BOOT_CLONE, "tcg",
	    (struct libvirt_security){.dac = true, .apparmor = true, .selinux = true});
	assert_begins(xml,
	    HEAD "<seclabel type='static' model='dac' relabel='no'><label>+7:+8</label></seclabel>"
	         "<seclabel type='none' model='apparmor'/><seclabel type='none' model='selinux'/>"
	         "<qemu:commandline>");
}

static void test_kvm(void)
{
	g_autofree char *xml = xml_of(QEMU_BOOT_CLONE, "kvm", (struct libvirt_security){0});
	assert_begins(xml, "<domain type='kvm' ");
	g_assert_nonnull(strstr(xml, "<features><acpi/></features>"));
}

static void test_aarch64(void)
{
	manifest.architecture = MANIFEST_AARCH64;
	g_autofree char *xml = xml_of(QEMU_BOOT_CLONE, "tcg", (struct libvirt_security){0});
	g_assert_nonnull(strstr(xml,
	    "<os><type arch='aarch64' machine='virt'>hvm</type></os><features><gic version='3'/>"));
	manifest.architecture = MANIFEST_X86_64;
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/libvirt_domain/clone", test_clone);
	g_test_add_func("/libvirt_domain/said_once", test_said_once);
	g_test_add_func("/libvirt_domain/escaped", test_escaped);
	g_test_add_func("/libvirt_domain/security", test_security);
	g_test_add_func("/libvirt_domain/kvm", test_kvm);
	g_test_add_func("/libvirt_domain/aarch64", test_aarch64);
	return g_test_run();
}
