/* SPDX-License-Identifier: MIT */
/*
 * What must be known of an H.264 access unit before a decoder is given it: ITU-T H.264 Annex B
 * (start codes), 7.3.1 (NAL units), 7.3.2.1.1 (sequence parameter set). No memory is allocated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is this an access unit as PROTOCOL.md, "H264", allows it: slices and parameter sets only, of
 * pictures of exactly this size; parameter sets in a key unit and nowhere else? A decoder takes as
 * much memory as the parameter sets say, so this has to be asked first. */
bool mtp_h264_is_valid(const uint8_t *unit, size_t size, bool key, unsigned width, unsigned height);
