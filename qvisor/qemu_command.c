/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/qemu_command.h"

#include <string.h>

/* Commas separate QEMU's options; a doubled one stands for itself. */
static char *option_escape(const char *value)
{
	g_auto(GStrv) parts = g_strsplit(value, ",", 0);
	return g_strjoinv(",,", parts);
}

static void add(GPtrArray *line, const char *option, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add(GPtrArray *line, const char *option, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_ptr_array_add(line, g_strdup(option));
	g_ptr_array_add(line, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

unsigned qemu_command_dimms(const struct manifest *manifest, unsigned memory_mib)
{
	return manifest->max_memory_mib > memory_mib
	           ? MIN((manifest->max_memory_mib - memory_mib) / MANIFEST_DIMM_MIB,
	                 MANIFEST_DIMMS_MAX)
	           : 0;
}

/* What there is, and room for what may be plugged. */
static void add_size(
    GPtrArray *line, const struct manifest *manifest, unsigned cpus, unsigned memory_mib)
{
	unsigned dimms = qemu_command_dimms(manifest, memory_mib);
	if (manifest->max_cpus > cpus)
		add(line, "-smp", "%u,maxcpus=%u,sockets=1,cores=%u,threads=1", cpus,
		    manifest->max_cpus, manifest->max_cpus);
	else
		add(line, "-smp", "%u", cpus);
	if (dimms)
		add(line, "-m", "%uM,slots=%u,maxmem=%uM", memory_mib, dimms,
		    memory_mib + dimms * MANIFEST_DIMM_MIB);
	else
		add(line, "-m", "%uM", memory_mib);
}

unsigned qemu_command_cpus(const struct qemu_command *command)
{
	return command->cpus ? command->cpus : command->manifest->cpus;
}

unsigned qemu_command_memory_mib(const struct qemu_command *command)
{
	return command->memory_mib ? command->memory_mib : command->manifest->memory_mib;
}

/* Interrupts of ARM's PCI devices are messages, which want a GICv3. */
static char *machine_options(const struct qemu_command *command)
{
	return g_strdup_printf("memory-backend=ram,%s,dump-guest-core=off,mem-merge=%s",
	    command->manifest->architecture == MANIFEST_AARCH64
	        ? "gic-version=3,acpi=off"
	        : "hpet=off,vmport=off,smm=off,usb=off",
	    command->mem_merge ? "on" : "off");
}

static void add_machine(GPtrArray *line, const struct qemu_command *command)
{
	g_autofree char *options = machine_options(command);
	add(line, "-machine", "%s,%s",
	    command->manifest->architecture == MANIFEST_AARCH64 ? "virt" : "q35", options);
	if (!strcmp(command->emulator.accelerator, "tcg"))
		add(line, "-accel", "tcg,thread=multi,tb-size=%u", command->tb_size_mib);
	else
		add(line, "-accel", "%s", command->emulator.accelerator);
	add(line, "-cpu", "%s", command->emulator.cpu);
	add_size(
	    line, command->manifest, qemu_command_cpus(command), qemu_command_memory_mib(command));
}

static void add_memory(GPtrArray *line, const struct qemu_command *command)
{
	unsigned memory_mib = qemu_command_memory_mib(command);
	g_autofree char *memory = command->memory ? option_escape(command->memory) : NULL;
	switch (command->boot) {
	case QEMU_BOOT_TEMPLATE:
		add(line, "-object", "memory-backend-file,id=ram,size=%uM,mem-path=%s,share=on",
		    memory_mib, memory);
		break;
	case QEMU_BOOT_RESUME:
	case QEMU_BOOT_COLD:
		add(line, "-object", "memory-backend-ram,id=ram,size=%uM", memory_mib);
		break;
	case QEMU_BOOT_CLONE:
		/* rom=off: the file is opened read-only, the guest still writes its private copy.
		 */
		add(line, "-object",
		    "memory-backend-file,id=ram,size=%uM,mem-path=%s,share=off,readonly=on,rom=off",
		    memory_mib, memory);
		break;
	}
}

static void add_boot(GPtrArray *line, const struct qemu_command *command)
{
	const struct manifest *manifest = command->manifest;
	/* A clone has its kernel in memory; leaving the files off saves their private copies. */
	if (command->boot == QEMU_BOOT_CLONE || command->boot == QEMU_BOOT_RESUME) {
		add(line, "-incoming", "defer");
		return;
	}
	add(line, "-kernel", "%s", manifest->kernel);
	if (manifest->initrd)
		add(line, "-initrd", "%s", manifest->initrd);
	add(line, "-append", "%s", manifest->cmdline);
}

static void add_socket(GPtrArray *line, const struct qemu_command *command, const char *id, int fd)
{
	g_autofree char *folder = command->sockets ? option_escape(command->sockets) : NULL;
	if (folder)
		add(line, "-chardev", "socket,id=%s,path=%s/%s.sock,server=on,wait=off", id, folder,
		    id);
	else
		add(line, "-chardev", "socket,id=%s,fd=%d,server=on,wait=off", id, fd);
}

static void add_monitor(GPtrArray *line, const struct qemu_command *command)
{
	add_socket(line, command, "qmp", QEMU_FD_QMP);
	add(line, "-mon", "chardev=qmp,mode=control");
	/* A clone has no kernel to boot from again: a guest's reboot ends QEMU, and we start it
	 * anew. */
	add(line, "-action", "reboot=shutdown,panic=shutdown");
}

static void add_agent(GPtrArray *line, const struct qemu_command *command)
{
	add_socket(line, command, "agent", QEMU_FD_AGENT);
	add(line, "-device",
	    "virtserialport,bus=serial.0,nr=1,chardev=agent,name=org.qvmi.agent.0");
}

/* Android's partitions; its first stage finds each by the disk's serial number. */
static void add_systems(GPtrArray *line, const struct manifest *manifest)
{
	for (unsigned i = 0; i < manifest->system_count; i++) {
		const struct manifest_system *system = &manifest->systems[i];
		g_autofree char *file = option_escape(system->file);
		add(line, "-drive", "if=none,id=system%u,format=raw,file=%s,readonly=on", i, file);
		add(line, "-device", "virtio-blk-pci,drive=system%u,serial=%s,addr=0x%x", i,
		    system->partition, 0x9 + i);
	}
}

static void add_devices(GPtrArray *line, const struct qemu_command *command)
{
	const struct manifest *manifest = command->manifest;
	/* Fixed slots: what a clone has must be where the template had it. No balloon, no free-page
	 * reporting, no virtio-mem: they punch holes in the template's memory file, even from a
	 * private mapping. */
	bool pc = manifest->architecture == MANIFEST_X86_64;
	add(line, "-device", "%s,addr=0x2,xres=%u,yres=%u,max_outputs=1",
	    pc ? "virtio-vga" : "virtio-gpu-pci", manifest->width, manifest->height);
	add(line, "-device", "virtio-serial-pci,id=serial,addr=0x3,max_ports=4");
	if (manifest->kind == MANIFEST_ANDROID)
		add(line, "-device", "vhost-vsock-pci,guest-cid=%u,addr=0xf", command->vsock_cid);
	else
		add_agent(line, command);
	/* Of two devices that understand buttons QEMU gives them to the one whose driver started
	 * last; the tablet has the higher slot, so it is the pointer, and fingers go to the only
	 * device that has them. */
	if (manifest->touch == MANIFEST_MULTITOUCH)
		add(line, "-device", "virtio-multitouch-pci,addr=0x4");
	add(line, "-device", "virtio-tablet-pci,addr=0x5");
	add(line, "-device", "virtio-keyboard-pci,addr=0x6");
	add(line, "-object", "rng-random,id=entropy,filename=/dev/urandom");
	add(line, "-device", "virtio-rng-pci,rng=entropy,addr=0x7");
	if (pc)
		add(line, "-device", "vmgenid,guid=auto");
	if (command->disk) {
		g_autofree char *disk = option_escape(command->disk);
		add(line, "-drive",
		    "if=none,id=disk,format=qcow2,file=%s,discard=unmap,detect-zeroes=unmap", disk);
		add(line, "-device", "virtio-blk-pci,drive=disk,addr=0x8");
	}
	add_systems(line, manifest);
	/* Spare root ports: the network interface is plugged after a clone, since saved state
	 * carries its MAC. */
	for (unsigned i = 0; i < 2; i++)
		add(line, "-device", "pcie-root-port,id=spare%u,chassis=%u,slot=%u,addr=0x%x", i,
		    i + 1, i + 1, 0x10 + i);
	/* The guest's console, in QEMU's memory: bounded, and readable as long as QEMU lives. */
	add(line, "-chardev", "ringbuf,id=console,size=%u", QEMU_CONSOLE_SIZE);
	add(line, "-serial", "chardev:console");
}

char **qemu_command_build(const struct qemu_command *command)
{
	GPtrArray *line = g_ptr_array_new();
	g_ptr_array_add(line, g_strdup(command->emulator.qemu));
	g_ptr_array_add(line, g_strdup("-nodefaults"));
	g_ptr_array_add(line, g_strdup("-no-user-config"));
	g_ptr_array_add(line, g_strdup("-S"));
	add(line, "-name", "qvmi-%s", command->uuid);
	add(line, "-uuid", "%s", command->uuid);
	add(line, "-sandbox",
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	add(line, "-display", "dbus,p2p=yes");
	add_monitor(line, command);
	add_machine(line, command);
	add_memory(line, command);
	add_boot(line, command);
	add_devices(line, command);
	g_ptr_array_add(line, NULL);
	return (char **)g_ptr_array_free(line, FALSE);
}

char **qemu_command_build_domain(const struct qemu_command *command)
{
	GPtrArray *line = g_ptr_array_new();
	g_autofree char *options = machine_options(command);
	add_monitor(line, command);
	/* Of an option that is given twice the later one counts, of -machine, -smp and -m each
	 * property. */
	add(line, "-display", "dbus,p2p=yes");
	add(line, "-machine", "%s", options);
	add(line, "-cpu", "%s", command->emulator.cpu);
	add_size(
	    line, command->manifest, qemu_command_cpus(command), qemu_command_memory_mib(command));
	add_memory(line, command);
	add_boot(line, command);
	add_devices(line, command);
	g_ptr_array_add(line, NULL);
	return (char **)g_ptr_array_free(line, FALSE);
}
