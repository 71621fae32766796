# Loops over pixels become vectors.
mtp_CFLAGS := -O3
# `make fuzz-mtp [RUNS=1000000]`: everything in mtp/ that reads what a network peer sent, under libFuzzer and the
# sanitizers. The seeds are the byte literals of PROTOCOL.md's messages; what libFuzzer finds stays in build/fuzz.
RUNS ?= 1000000
build/fuzz/fuzz_mtp: tests/mtp/fuzz_mtp.c $(wildcard mtp/*.c mtp/*.h)
	@mkdir -p $(@D)
	@clang -std=gnu11 -O1 -g $(WARNINGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. \
	  -o $@ $(filter %.c,$^)
.PHONY: fuzz-mtp
fuzz-mtp: build/fuzz/fuzz_mtp
	@mkdir -p build/fuzz/mtp-corpus
	@build/fuzz/fuzz_mtp -runs=$(RUNS) -max_len=4200 -print_final_stats=1 -artifact_prefix=build/fuzz/ \
	  build/fuzz/mtp-corpus tests/mtp/corpus
