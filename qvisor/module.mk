PROGRAMS += qvisord
qvisord_MAIN = qvisor/qvisord.c
qvisord_LIBS = qvisor common
qvisord_PKG = gio-unix-2.0 json-glib-1.0 libwebsockets libcurl openssl
# The API's description is part of the program.
$(B)/obj/qvisor/api.o: qvisor/openapi.yaml
# For tests and for finding out what a phone shows.
PROGRAMS += qvmi-display-probe
qvmi-display-probe_MAIN = tests/qvisor/display_probe.c
qvmi-display-probe_LIBS = common
qvmi-display-probe_PKG = gio-unix-2.0 json-glib-1.0
PROGRAMS += qvmi-echo
qvmi-echo_MAIN = tests/qvisor/echo.c
# `make faults [ROUNDS=200] [SEED=1]`: qvisord killed with -9 at seeded random moments; make check does ten.
ROUNDS ?= 200
SEED ?= 1
.PHONY: faults
faults: programs
	@QVMI_BIN=$(abspath $(B)/bin) tests/faults/kill9 $(ROUNDS) $(SEED)
