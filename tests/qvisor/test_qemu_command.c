/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Golden command lines: a change here is a change of the machine, and templates that are there stop
 * loading (MACHINE_VERSION). */
#include <string.h>

#include "qvisor/qemu_command.h"

static struct manifest manifest = {
    .name = (char *)"tiny",
    .disk = (char *)"/images/disk.raw",
    .kernel = (char *)"/images/vmlinuz",
    .initrd = (char *)"/images/initrd.img",
    .cmdline = (char *)"console=ttyS0, quiet",
    .cpus = 2,
    .memory_mib = 512,
    .width = 360,
    .height = 720,
    .touch = MANIFEST_MULTITOUCH,
};

static char *line(enum qemu_boot boot)
{
	const struct qemu_command command = {
	    .boot = boot,
	    .manifest = &manifest,
	    .emulator = {"qemu", "tcg", "max"},
	    .tb_size_mib = 64,
	    .uuid = "UUID",
	    .memory = boot == QEMU_BOOT_COLD ? NULL : "/t/a,b/memory",
	    .disk = "/p/overlay.qcow2",
	};
	g_auto(GStrv) argv = qemu_command_build(&command);
	return g_strjoinv(" ", argv);
}

#define HEAD                                                                                       \
	"qemu -nodefaults -no-user-config -S -name qvmi-UUID -uuid UUID "                          \
	"-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny "        \
	"-display dbus,p2p=yes -chardev socket,id=qmp,fd=3,server=on,wait=off "                    \
	"-mon chardev=qmp,mode=control -action reboot=shutdown,panic=shutdown "                    \
	"-machine q35,memory-backend=ram,hpet=off,vmport=off,smm=off,usb=off,dump-guest-core=off," \
	"mem-merge=off "                                                                           \
	"-accel tcg,thread=multi,tb-size=64 -cpu max -smp 2 -m 512M "
#define KERNEL "-kernel /images/vmlinuz -initrd /images/initrd.img -append console=ttyS0, quiet "
#define DEVICES                                                                                    \
	"-device virtio-vga,addr=0x2,xres=360,yres=720,max_outputs=1 "                             \
	"-device virtio-serial-pci,id=serial,addr=0x3,max_ports=4 "                                \
	"-chardev socket,id=agent,fd=4,server=on,wait=off "                                        \
	"-device virtserialport,bus=serial.0,nr=1,chardev=agent,name=org.qvmi.agent.0 "            \
	"-device virtio-multitouch-pci,addr=0x4 -device virtio-tablet-pci,addr=0x5 "               \
	"-device virtio-keyboard-pci,addr=0x6 "                                                    \
	"-object rng-random,id=entropy,filename=/dev/urandom "                                     \
	"-device virtio-rng-pci,rng=entropy,addr=0x7 -device vmgenid,guid=auto "                   \
	"-drive "                                                                                  \
	"if=none,id=disk,format=qcow2,file=/p/overlay.qcow2,discard=unmap,detect-zeroes=unmap "    \
	"-device virtio-blk-pci,drive=disk,addr=0x8 "                                              \
	"-device pcie-root-port,id=spare0,chassis=1,slot=1,addr=0x10 "                             \
	"-device pcie-root-port,id=spare1,chassis=2,slot=2,addr=0x11 "                             \
	"-chardev ringbuf,id=console,size=65536 -serial chardev:console"

static void test_template(void)
{
	g_autofree char *text = line(QEMU_BOOT_TEMPLATE);
	g_assert_cmpstr(text, ==,
	    HEAD
	    "-object memory-backend-file,id=ram,size=512M,mem-path=/t/a,,b/memory,share=on " KERNEL
	        DEVICES);
}

static void test_clone(void)
{
	g_autofree char *text = line(QEMU_BOOT_CLONE);
	g_assert_cmpstr(text, ==,
	    HEAD "-object memory-backend-file,id=ram,size=512M,mem-path=/t/a,,b/memory,share=off,"
	         "readonly=on,rom=off -incoming defer " DEVICES);
}

static void test_cold(void)
{
	g_autofree char *text = line(QEMU_BOOT_COLD);
	g_assert_cmpstr(
	    text, ==, HEAD "-object memory-backend-ram,id=ram,size=512M " KERNEL DEVICES);
}

/* Template and clone must differ in nothing but where memory comes from and what is booted. */
static void test_never(void)
{
	static const char *const never[] = {"balloon", "free-page-reporting", "virtio-mem",
	    "x-release-ram", "vnc", "netdev", "exec:"};
	for (enum qemu_boot boot = QEMU_BOOT_TEMPLATE; boot <= QEMU_BOOT_COLD; boot++) {
		g_autofree char *text = line(boot);
		for (unsigned i = 0; i < G_N_ELEMENTS(never); i++)
			g_assert_null(strstr(text, never[i]));
	}
}

/* What is plugged later has room: two DIMMs and three processors. */
static void test_hotplug(void)
{
	struct manifest roomy = manifest;
	roomy.max_cpus = 4;
	roomy.max_memory_mib = 512 + 2 * MANIFEST_DIMM_MIB;
	struct qemu_command command = {.boot = QEMU_BOOT_COLD,
	    .manifest = &roomy,
	    .emulator = {"qemu", "tcg", "max"},
	    .cpus = 1,
	    .uuid = "UUID"};
	g_auto(GStrv) argv = qemu_command_build(&command);
	g_autofree char *text = g_strjoinv(" ", argv);
	g_assert_nonnull(strstr(
	    text, "-smp 1,maxcpus=4,sockets=1,cores=4,threads=1 -m 512M,slots=2,maxmem=768M "));
	/* Ordered larger than any that is plugged. */
	command.cpus = 8;
	command.memory_mib = 1000;
	g_auto(GStrv) large = qemu_command_build(&command);
	g_autofree char *large_text = g_strjoinv(" ", large);
	g_assert_nonnull(strstr(large_text, "-smp 8 -m 1000M "));
	g_assert_cmpuint(qemu_command_dimms(&roomy, 512), ==, 2);
	g_assert_cmpuint(qemu_command_dimms(&roomy, 600), ==, 1);
	g_assert_cmpuint(qemu_command_dimms(&roomy, 768), ==, 0);
	roomy.max_memory_mib = 65536;
	g_assert_cmpuint(qemu_command_dimms(&roomy, 64), ==, MANIFEST_DIMMS_MAX);
}

static void test_diskless_kvm(void)
{
	struct manifest small = manifest;
	small.touch = MANIFEST_TABLET;
	const struct qemu_command command = {.boot = QEMU_BOOT_CLONE,
	    .manifest = &small,
	    .emulator = {"qemu", "kvm", "host"},
	    .uuid = "UUID",
	    .memory = "/m"};
	g_auto(GStrv) argv = qemu_command_build(&command);
	g_autofree char *text = g_strjoinv(" ", argv);
	g_assert_nonnull(strstr(text, "-accel kvm -cpu host"));
	g_assert_null(strstr(text, "tb-size"));
	g_assert_null(strstr(text, "virtio-blk"));
	g_assert_null(strstr(text, "multitouch"));
	g_assert_nonnull(strstr(text, "virtio-tablet-pci,addr=0x5"));
}

static void test_aarch64(void)
{
	struct manifest arm = manifest;
	arm.architecture = MANIFEST_AARCH64;
	const struct qemu_command command = {.boot = QEMU_BOOT_CLONE,
	    .manifest = &arm,
	    .emulator = {"qemu-arm", "tcg", "cortex"},
	    .tb_size_mib = 64,
	    .uuid = "UUID",
	    .memory = "/m"};
	g_auto(GStrv) argv = qemu_command_build(&command);
	g_autofree char *text = g_strjoinv(" ", argv);
	static const char *const there[] = {
	    "qemu-arm -nodefaults ",
	    "-machine virt,memory-backend=ram,gic-version=3,acpi=off,",
	    "dump-guest-core=off,mem-merge=off ",
	    "-cpu cortex ",
	    "mem-path=/m,share=off,readonly=on,rom=off -incoming defer ",
	    "virtio-gpu-pci,addr=0x2,xres=360,yres=720,max_outputs=1 ",
	    "name=org.qvmi.agent.0 ",
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(there); i++)
		g_assert_nonnull(strstr(text, there[i]));
	/* What only a PC has. */
	static const char *const never[] = {"vga", "hpet", "vmport", "vmgenid", "q35"};
	for (unsigned i = 0; i < G_N_ELEMENTS(never); i++)
		g_assert_null(strstr(text, never[i]));
}

/* Golden up to the command line: it is not run here (docs/decisions/140). */
static void test_android(void)
{
	struct manifest android = manifest;
	android.kind = MANIFEST_ANDROID;
	android.disk = NULL;
	android.systems[0] = (struct manifest_system){(char *)"super", (char *)"/a,b/super.img"};
	android.systems[1] = (struct manifest_system){(char *)"vbmeta", (char *)"/a/vbmeta.img"};
	android.system_count = 2;
	const struct qemu_command command = {.boot = QEMU_BOOT_TEMPLATE,
	    .manifest = &android,
	    .emulator = {"qemu", "tcg", "max"},
	    .tb_size_mib = 64,
	    .uuid = "UUID",
	    .memory = "/m",
	    .vsock_cid = 4711};
	g_auto(GStrv) argv = qemu_command_build(&command);
	g_autofree char *text = g_strjoinv(" ", argv);
	g_assert_cmpstr(text, ==,
	    HEAD "-object memory-backend-file,id=ram,size=512M,mem-path=/m,share=on " KERNEL
	         "-device virtio-vga,addr=0x2,xres=360,yres=720,max_outputs=1 "
	         "-device virtio-serial-pci,id=serial,addr=0x3,max_ports=4 "
	         "-device vhost-vsock-pci,guest-cid=4711,addr=0xf "
	         "-device virtio-multitouch-pci,addr=0x4 -device virtio-tablet-pci,addr=0x5 "
	         "-device virtio-keyboard-pci,addr=0x6 "
	         "-object rng-random,id=entropy,filename=/dev/urandom "
	         "-device virtio-rng-pci,rng=entropy,addr=0x7 -device vmgenid,guid=auto "
	         "-drive if=none,id=system0,format=raw,file=/a,,b/super.img,readonly=on "
	         "-device virtio-blk-pci,drive=system0,serial=super,addr=0x9 "
	         "-drive if=none,id=system1,format=raw,file=/a/vbmeta.img,readonly=on "
	         "-device virtio-blk-pci,drive=system1,serial=vbmeta,addr=0xa "
	         "-device pcie-root-port,id=spare0,chassis=1,slot=1,addr=0x10 "
	         "-device pcie-root-port,id=spare1,chassis=2,slot=2,addr=0x11 "
	         "-chardev ringbuf,id=console,size=65536 -serial chardev:console");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qemu_command/template", test_template);
	g_test_add_func("/qemu_command/clone", test_clone);
	g_test_add_func("/qemu_command/cold", test_cold);
	g_test_add_func("/qemu_command/never", test_never);
	g_test_add_func("/qemu_command/diskless_kvm", test_diskless_kvm);
	g_test_add_func("/qemu_command/hotplug", test_hotplug);
	g_test_add_func("/qemu_command/aarch64", test_aarch64);
	g_test_add_func("/qemu_command/android", test_android);
	return g_test_run();
}
