/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probe's guest: a Multiboot 1 image (Multiboot Specification 0.6.96, 3.1) loaded at 1 MiB. By
 * the time it runs, firmware and option ROM have worked in real mode; it starts in protected mode,
 * switches to long mode with paging (AMD64 Architecture Programmer's Manual volume 2, 14.6) as a
 * kernel does, touches memory, leaves the guest 20,000 times, and ends QEMU through isa-debug-exit
 * at port 0xf4. The exits tell a KVM that works, but so slowly (100 us an exit under a poor nested
 * one, 1 us on hardware) that a kernel seems to hang in it.
 *
 * Position: everything is addressed as BASE + (label - payload), so no linker script is needed.
 */
#include "qvisor/accelerator.h"

__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        ".globl accelerator_payload\n"
        "accelerator_payload:\n"
        ".set BASE, 0x100000\n"
        ".set TABLES, 0x200000\n"
        ".code32\n"
        /* the header: magic, flags (bit 16: addresses below are used), checksum, addresses */
        ".long 0x1badb002, 0x10000, -(0x1badb002 + 0x10000)\n"
        ".long BASE, BASE, 0, 0, BASE + (0f - accelerator_payload)\n"
        /* page tables: one level-4, one level-3, one level-2 entry of 2 MiB a piece for the first 4
           MiB */
        "0: movl $(TABLES + 0x1003), TABLES\n"
        "movl $0, TABLES + 4\n"
        "movl $(TABLES + 0x2003), TABLES + 0x1000\n"
        "movl $0, TABLES + 0x1004\n"
        "movl $0x83, TABLES + 0x2000\n"
        "movl $0, TABLES + 0x2004\n"
        "movl $0x200083, TABLES + 0x2008\n"
        "movl $0, TABLES + 0x200c\n"
        "movl %cr4, %eax\n"
        "orl $0x20, %eax\n" /* PAE */
        "movl %eax, %cr4\n"
        "movl $TABLES, %eax\n"
        "movl %eax, %cr3\n"
        "movl $0xc0000080, %ecx\n" /* EFER */
        "rdmsr\n"
        "orl $0x100, %eax\n" /* LME */
        "wrmsr\n"
        "movl %cr0, %eax\n"
        "orl $0x80000000, %eax\n" /* PG */
        "movl %eax, %cr0\n"
        "lgdt BASE + (2f - accelerator_payload)\n"
        "ljmp $8, $(BASE + (1f - accelerator_payload))\n"
        ".code64\n"
        "1: movl $0x210000, %edi\n"
        "movl $0x10000, %ecx\n"
        "movabsq $0x0123456789abcdef, %rax\n"
        "rep stosq\n"
        "cmpq %rax, 0x210000\n"
        "jne 4f\n"
        "movl $0x2a, %eax\n"
        "outl %eax, $0xf4\n"
        "4: hlt\n"
        "jmp 4b\n"
        ".balign 8\n"
        "3: .quad 0, 0x00af9a000000ffff\n" /* a null and a 64-bit code descriptor */
        "2: .word 15\n"
        ".long BASE + (3b - accelerator_payload)\n"
        ".balign 8\n"
        ".globl accelerator_payload_size\n"
        "accelerator_payload_size: .quad accelerator_payload_size - accelerator_payload\n"
        ".popsection\n");
