# OpenID Connect, the parts that brokerd (relying party) and brokerd-proxy (provider) share. JOSE is libcjose's.
broker/oidc_NEEDS := cjose
oidc_TEST_PKG := cjose
# Part of `make fuzz-broker [RUNS=1000000]`: what a hostile provider sends. Keys and claims that are nearly right to begin with.
.PHONY: fuzz-assertion
fuzz-broker: fuzz-assertion
fuzz-assertion:
	@$(MAKE) --no-print-directory B=$(FUZZ_BROKER) CC=clang SANITIZE=address,undefined,fuzzer-no-link \
	  $(foreach l,broker-oidc common,$(FUZZ_BROKER)/lib/lib$(l).a)
	@clang $(filter-out -MMD -MP,$(ALL_CFLAGS)) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -pie \
	  -o $(FUZZ_BROKER)/fuzz_assertion tests/oidc/fuzz_assertion.c $(foreach l,broker-oidc common,$(FUZZ_BROKER)/lib/lib$(l).a) \
	  $$(pkg-config --libs cjose gio-2.0 json-glib-1.0 openssl)
	@mkdir -p $(FUZZ_BROKER)/assertion
	@cp tests/oidc/seeds/* $(FUZZ_BROKER)/assertion/
	@$(FUZZ_BROKER)/fuzz_assertion -runs=$(RUNS) -max_len=4096 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
	  -artifact_prefix=$(FUZZ_BROKER)/ $(FUZZ_BROKER)/assertion
