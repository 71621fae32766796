# brokerd-realm: Kerberos and LDAP for brokerd, in processes of their own.
PROGRAMS += brokerd-realm
brokerd-realm_MAIN := broker/realm/brokerd-realm.c
brokerd-realm_LIBS := broker/realm common
brokerd-realm_PKG := gio-unix-2.0 krb5-gssapi krb5 ldap lber libsasl2
realm_TEST_PKG := krb5-gssapi krb5 ldap lber libsasl2
# For tests.
PROGRAMS += qvmi-spnego-token
qvmi-spnego-token_MAIN := tests/realm/spnego_token.c
qvmi-spnego-token_LIBS := broker common
qvmi-spnego-token_PKG := gio-unix-2.0 krb5-gssapi openssl
# `make fuzz-broker [RUNS=1000000]`: tokens of strangers, results of a hostile directory, answers of a hijacked child.
FUZZ_BROKER := build/fuzz/broker
.PHONY: fuzz-broker
fuzz-broker:
	@$(MAKE) --no-print-directory B=$(FUZZ_BROKER) CC=clang SANITIZE=address,undefined,fuzzer-no-link \
	  $(foreach l,broker-realm common,$(FUZZ_BROKER)/lib/lib$(l).a)
	@for target in ticket directory; do \
	  clang $(filter-out -MMD -MP,$(ALL_CFLAGS)) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -pie \
	    -o $(FUZZ_BROKER)/fuzz_$$target tests/realm/fuzz_$$target.c $(foreach l,broker-realm common,$(FUZZ_BROKER)/lib/lib$(l).a) \
	    $$(pkg-config --libs $(brokerd-realm_PKG) json-glib-1.0) || exit 1; \
	  mkdir -p $(FUZZ_BROKER)/$$target; \
	  $(FUZZ_BROKER)/fuzz_$$target -runs=$(RUNS) -max_len=4096 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
	    -artifact_prefix=$(FUZZ_BROKER)/ $(FUZZ_BROKER)/$$target || exit 1; \
	done
