# Reads images of phones; see README.md.
PROGRAMS += qvisor-probe
qvisor-probe_MAIN = qvisor/probe/qvisor-probe.c
qvisor-probe_LIBS = qvisor/probe qvisor common
qvisor-probe_PKG = gio-unix-2.0 json-glib-1.0 libcurl libwebsockets openssl
qvisor/probe_NEEDS = ext2fs libsquashfs1 libarchive zlib libseccomp
qvisor-probe_LIBADD = -lfdt
# For the corpus that the tests make.
PROGRAMS += qvmi-make-super
qvmi-make-super_MAIN = tests/probe/make_super.c
qvmi-make-super_LIBS =
probe_TEST_LIBS := qvisor
probe_TEST_LIBADD := -lfdt
# `make fuzz-probe [RUNS=1000000]`: images, beginning with small ones.
FUZZ_PROBE := build/fuzz/probe
.PHONY: fuzz-probe
fuzz-probe:
	@$(MAKE) --no-print-directory B=$(FUZZ_PROBE) CC=clang SANITIZE=address,undefined,fuzzer-no-link \
	  $(foreach l,qvisor-probe qvisor common,$(FUZZ_PROBE)/lib/lib$(l).a)
	@clang $(filter-out -MMD -MP,$(ALL_CFLAGS)) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -pie \
	  -o $(FUZZ_PROBE)/fuzz_image tests/probe/fuzz_image.c $(foreach l,qvisor-probe qvisor common,$(FUZZ_PROBE)/lib/lib$(l).a) \
	  $$(pkg-config --libs $(qvisor-probe_PKG) $(qvisor/probe_NEEDS)) -lfdt -lm
	@mkdir -p $(FUZZ_PROBE)/corpus
	@$(FUZZ_PROBE)/fuzz_image -runs=$(RUNS) -max_len=65536 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
	  -artifact_prefix=$(FUZZ_PROBE)/ $(FUZZ_PROBE)/corpus tests/probe/seeds
