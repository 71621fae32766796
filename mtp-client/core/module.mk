# H.264 decoded by OpenH264, where it is; without it the core does not name that kind of tile.
OPENH264_PKG := $(shell pkg-config --exists openh264 2>/dev/null && echo openh264)
mtp-client_CFLAGS := $(if $(OPENH264_PKG),-DHAVE_OPENH264)
mtp-client/core_NEEDS := $(OPENH264_PKG)
# The decoder core has no program of its own; its fuzz target runs with clang's libFuzzer.
FUZZ_RUNS ?= 1000000
FUZZ_CORPUS ?= build/fuzz/client-core/corpus

build/fuzz/client-core/fuzz_core: tests/client-core/fuzz_core.c $(wildcard mtp-client/core/*.[ch] mtp/*.[ch])
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	@clang -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE -I. \
	  $(mtp-client_CFLAGS) -o $@ $(filter %.c,$^) -lzstd -ljpeg $(if $(OPENH264_PKG),-lopenh264)

build/fuzz/client-core/seed: tests/client-core/seed_core.c $(wildcard mtp/*.[ch])
	@mkdir -p $(@D)
	@clang -std=gnu11 -O1 -g -D_GNU_SOURCE -I. -o $@ $(filter %.c,$^) -lzstd -ljpeg

.PHONY: fuzz-client-core
fuzz-client-core: build/fuzz/client-core/fuzz_core build/fuzz/client-core/seed
	@mkdir -p $(FUZZ_CORPUS)
	@build/fuzz/client-core/seed $(FUZZ_CORPUS)
	build/fuzz/client-core/fuzz_core -runs=$(FUZZ_RUNS) -max_len=16384 -timeout=10 -rss_limit_mb=2048 \
	  -artifact_prefix=build/fuzz/client-core/ -print_final_stats=1 $(FUZZ_CORPUS)
