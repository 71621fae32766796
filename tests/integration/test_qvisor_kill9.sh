#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A short round of tests/faults/kill9; `make faults` runs the long one.
exec "$(dirname "$0")/../faults/kill9" 10 "${SEED:-1}"
