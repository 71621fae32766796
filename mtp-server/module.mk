# Pictures in motion, where libx264 is (GPL, as this folder).
X264_PKG := $(shell pkg-config --exists x264 2>/dev/null && echo x264)
mtp-server_NEEDS := $(X264_PKG)
# Loops over pixels become vectors (decision 227).
mtp-server_CFLAGS := -O3 $(if $(X264_PKG),-DHAVE_X264)
mtp-server/reader_NEEDS := tesseract lept
PROGRAMS += mtpd mtpd-worker mtp-reader
mtpd_MAIN := mtp-server/mtpd.c
mtpd_LIBS := mtp-server common mtp
mtpd_PKG := gio-unix-2.0 json-glib-1.0 libwebsockets openssl libseccomp libzstd libjpeg
mtpd-worker_MAIN := mtp-server/mtpd-worker.c
mtpd-worker_LIBS := mtp-server common mtp
mtpd-worker_PKG := gio-unix-2.0 json-glib-1.0 libseccomp libzstd libjpeg
mtp-reader_MAIN := mtp-server/reader/mtp-reader.c
mtp-reader_LIBS := mtp-server/reader mtp-server common mtp
mtp-reader_PKG := gio-unix-2.0 json-glib-1.0 libseccomp
mtp-server_TEST_PKG := libseccomp

# For the tests of mtpd alone: the part of qvisord that it needs, and a terminal that does what it is told.
PROGRAMS += display-broker mtp-probe
display-broker_MAIN := tests/mtp-server/display_broker.c
display-broker_LIBS := common
display-broker_PKG := gio-unix-2.0 json-glib-1.0
mtp-probe_MAIN := tests/mtp-server/mtp_probe.c tests/mtp-server/terminal.c
mtp-probe_LIBS := mtp-client/core common mtp
mtp-probe_PKG := gio-unix-2.0 json-glib-1.0 openssl libzstd libjpeg

# The list of terminals' screens, as text in the program.
$(B)/gen/mtp-server/devices.inc: mtp-server/devices.txt
	@mkdir -p $(@D)
	@sed 's/["\\]/\\&/g; s/.*/"&\\n"/' $< >$@
$(B)/obj/mtp-server/devices.o: $(B)/gen/mtp-server/devices.inc

# `make fuzz-mtp-server [RUNS=1000000]`: what terminals say to a phone's worker.
FUZZ_SERVER := build/fuzz/mtp-server
.PHONY: fuzz-mtp-server
fuzz-mtp-server:
	@$(MAKE) --no-print-directory B=$(FUZZ_SERVER) CC=clang SANITIZE=address,undefined,fuzzer-no-link \
	  $(foreach l,mtp-server common mtp,$(FUZZ_SERVER)/lib/lib$(l).a)
	@clang $(filter-out -MMD -MP,$(ALL_CFLAGS)) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -pie \
	  -o $(FUZZ_SERVER)/fuzz_viewer tests/mtp-server/fuzz_viewer.c $(foreach l,mtp-server common mtp,$(FUZZ_SERVER)/lib/lib$(l).a) \
	  $$(pkg-config --libs $(mtpd-worker_PKG) $(mtp-server_NEEDS)) -lm
	@mkdir -p $(FUZZ_SERVER)/corpus
	@$(FUZZ_SERVER)/fuzz_viewer -runs=$(RUNS) -max_len=512 -len_control=0 -timeout=20 -print_final_stats=1 \
	  -artifact_prefix=$(FUZZ_SERVER)/ $(FUZZ_SERVER)/corpus
