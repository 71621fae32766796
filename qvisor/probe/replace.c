/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "qvisor/probe/findings.h"

/* By a piece of the node's first compatible string or of its own name; the first line that fits
 * counts. */
static const struct {
	const char *piece, *is, *becomes;
} rules[] = {
    /* What belongs to such a device and is none. */
    {"pwrseq", NULL, NULL},
    {"opp-table", NULL, NULL},
    {"regulator", NULL, NULL},
    {"phy", NULL, NULL},
    {"reset", NULL, NULL},
    {"clock", NULL, NULL},
    {"interrupt-controller", NULL, NULL},
    {"modem", "modem", "none; calls are the terminal's"},
    {"mss-pil", "modem", "none; calls are the terminal's"},
    {"qcom,ipa", "modem", "none; calls are the terminal's"},
    {"touch", "touch screen", "virtio-multitouch"},
    {"goodix", "touch screen", "virtio-multitouch"},
    {"edt,edt-ft", "touch screen", "virtio-multitouch"},
    {"focaltech", "touch screen", "virtio-multitouch"},
    {"mmc", "SD card", "virtio-blk disk"},
    {"sdhci", "SD card", "virtio-blk disk"},
    {"sdhost", "SD card", "virtio-blk disk"},
    {"pl18", "SD card", "virtio-blk disk"},
    {"cfi-flash", "flash", "virtio-blk disk"},
    {"nand", "flash", "virtio-blk disk"},
    {"spi-nor", "flash", "virtio-blk disk"},
    {"compact-flash", "flash", "virtio-blk disk"},
    {"framebuffer", "display", "virtio-gpu"},
    {"pl11", "display", "virtio-gpu"},
    {"clcd", "display", "virtio-gpu"},
    {"hdlcd", "display", "virtio-gpu"},
    {"dsi", "display", "virtio-gpu"},
    {"hdmi", "display", "virtio-gpu"},
    {"vc4", "display", "virtio-gpu"},
    {"mdss", "display", "virtio-gpu"},
    {"panel", "display", "virtio-gpu"},
    {"sii902", "display", "virtio-gpu"},
    {"backlight", "backlight", "none; the terminal's is used"},
    {"gpu", "3D unit", "none; the guest draws in software"},
    {"mali", "3D unit", "none; the guest draws in software"},
    {"v3d", "3D unit", "none; the guest draws in software"},
    {"gpio-keys", "buttons", "virtio-keyboard"},
    {"pl050", "keyboard and mouse", "virtio-keyboard"},
    {"keypad", "buttons", "virtio-keyboard"},
    {"pl041", "sound", "none"},
    {"i2s", "sound", "none"},
    {"sound", "sound", "none"},
    {"codec", "sound", "none"},
    {"bluetooth", "Bluetooth", "none; the terminal's is used"},
    {"wifi", "wireless network", "virtio-net, plugged after a clone"},
    {"wlan", "wireless network", "virtio-net, plugged after a clone"},
    {"bcm4329", "wireless network", "virtio-net, plugged after a clone"},
    {"smsc,lan", "network", "virtio-net, plugged after a clone"},
    {"ethernet", "network", "virtio-net, plugged after a clone"},
    {"genet", "network", "virtio-net, plugged after a clone"},
    {"gnss", "location", "none; the agent tells the terminal's"},
    {"gps", "location", "none; the agent tells the terminal's"},
    {"camera", "camera", "none"},
    {"csi", "camera", "none"},
    {"accel", "motion sensor", "none"},
    {"gyro", "motion sensor", "none"},
    {"battery", "battery", "none; it is on mains"},
    {"charger", "battery", "none; it is on mains"},
    {"usb", "USB", "none"},
    {"pl011", "serial port", "the machine's serial port"},
    {"serial", "serial port", "the machine's serial port"},
    {"uart", "serial port", "the machine's serial port"},
};

/* The node's own name, without its address. */
static bool names_piece(const struct devicetree_node *node, const char *piece)
{
	const char *name = strrchr(node->path, '/');
	g_autofree char *own = g_strndup(name ? name + 1 : "", name ? strcspn(name + 1, "@") : 0);
	return strstr(node->compatible, piece) || strstr(own, piece);
}

void findings_replace(struct findings *findings, const struct image *image)
{
	const struct devicetree *tree = image->devicetree;
	for (unsigned i = 0; tree && i < tree->count; i++) {
		const struct devicetree_node *node = &tree->nodes[i];
		unsigned rule = 0;
		while (rule < G_N_ELEMENTS(rules) && !names_piece(node, rules[rule].piece))
			rule++;
		if (rule < G_N_ELEMENTS(rules) && rules[rule].is && !node->disabled) {
			struct replacement replacement = {
			    node, rules[rule].is, rules[rule].becomes};
			g_array_append_val(findings->replacements, replacement);
		} else {
			findings->kept++;
		}
	}
}
