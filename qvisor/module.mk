PROGRAMS += qvisord
qvisord_MAIN = qvisor/qvisord.c
qvisord_LIBS = qvisor common
qvisord_PKG = gio-unix-2.0 json-glib-1.0 libwebsockets libcurl openssl
# AddressSanitizer looks for the XDR functions that it wraps when the program starts; libvirt brings them along later.
qvisord_LIBADD := $(if $(SANITIZE),-Xlinker --no-as-needed -l:libtirpc.so.3)
# The only root: no library but libc.
PROGRAMS += qvisor-launch
qvisor-launch_MAIN = qvisor/qvisor-launch.c
qvisor-launch_LIBS = qvisor
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
# Under libvirt: not those about qvisor-launch, children that wait or what only root may (networks, full disks).
LIBVIRT_TESTS = adoption arm64 audit bad_image bad_request hung $(if $(LIBVIRT),libvirt_system,libvirt) life machine performance snapshot \
                suspend template_held template_intact tls volume
# With LIBVIRT=system, as root, under qemu:///system and not a session.
.PHONY: integration-libvirt
integration-libvirt: programs
	@PLATFORM=libvirt$(LIBVIRT:%=-%) QVMI_BIN=$(abspath $(B)/bin) deploy/run-tests $(LIBVIRT_TESTS:%=tests/integration/test_qvisor_%.sh)
# Phones that are forked instead of loaded: not those about qvisor-launch, and not network, as the guest sets its interface up once.
FORKED_TESTS := adoption audit hung life machine performance snapshot suspend template_intact volume
.PHONY: integration-forked
integration-forked: programs
	@zygotes=1 QVMI_BIN=$(abspath $(B)/bin) deploy/run-tests $(FORKED_TESTS:%=tests/integration/test_qvisor_%.sh)
# `make faults-migrate [ROUNDS=200] [SEED=1]`: the same in the middle of moves, one daemon and the other in turn, and as many cut networks
# by ten; make check does two and one.
.PHONY: faults-migrate
faults-migrate: programs
	@QVMI_BIN=$(abspath $(B)/bin) KILLS=$(ROUNDS) SEED=$(SEED) tests/integration/test_migrate_faults.sh
	@QVMI_BIN=$(abspath $(B)/bin) KILLS=$(ROUNDS) SEED=$(SEED) tests/integration/test_migrate_volume.sh
	@QVMI_BIN=$(abspath $(B)/bin) CUTS=$$(($(ROUNDS) / 10)) SEED=$(SEED) tests/integration/test_migrate_cut.sh
# `make fuzz-qvisor [RUNS=1000000]`: what QEMU, a guest's agent, an image and the API's clients send, under libFuzzer
# and the sanitizers, with the folder's own sources instrumented.
FUZZ_QVISOR := qmp agent manifest api launch delta migration
FUZZ_QVISOR_LIBS := build/fuzz/qvisor/lib/libqvisor.a build/fuzz/qvisor/lib/libcommon.a
.PHONY: fuzz-qvisor
fuzz-qvisor:
	@$(MAKE) --no-print-directory B=build/fuzz/qvisor CC=clang SANITIZE=address,undefined,fuzzer-no-link $(FUZZ_QVISOR_LIBS)
	@for target in $(FUZZ_QVISOR); do \
	  clang $(filter-out -MMD -MP,$(ALL_CFLAGS)) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -pie \
	    -o build/fuzz/qvisor/fuzz_$$target tests/qvisor/fuzz_$$target.c $(FUZZ_QVISOR_LIBS) $(FUZZ_QVISOR_LIBS) \
	    $$(pkg-config --libs $(qvisord_PKG)) -lm && \
	  mkdir -p build/fuzz/qvisor/corpus-$$target && \
	  build/fuzz/qvisor/fuzz_$$target -runs=$(RUNS) -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/qvisor/$$target- build/fuzz/qvisor/corpus-$$target tests/qvisor/corpus/$$target || exit 1; \
	done
PROGRAMS += qvmi-launch-probe
qvmi-launch-probe_MAIN = tests/qvisor/launch_probe.c
qvmi-launch-probe_LIBS = qvisor common
qvmi-launch-probe_PKG = gio-unix-2.0 json-glib-1.0
PROGRAMS += qvmi-secret-search
qvmi-secret-search_MAIN = tests/qvisor/secret_search.c
# `make faults-volume [ROUNDS=25] [SEED=1]`: poold and a host killed with -9 while a user's volume goes from phone to phone.
.PHONY: faults-volume
faults-volume: ROUNDS = 25
faults-volume: programs
	@QVMI_BIN=$(abspath $(B)/bin) ROUNDS=$(ROUNDS) SEED=$(SEED) tests/integration/test_pool_volume.sh
# Runs where only /usr is: without a library.
PROGRAMS += qvmi-jail-probe
qvmi-jail-probe_MAIN = tests/qvisor/jail_probe.c
qvmi-jail-probe_LDFLAGS := $(if $(SANITIZE),,-static)
