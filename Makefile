# QVMI. `make help` lists what there is.
#
# Non-recursive: each folder's module.mk names its programs; every other .c directly in a module folder goes into the
# folder's archive, and every tests/FOLDER/test_*.c becomes a unit test linked with that archive.

B        ?= build/gcc
CC       := $(if $(filter default,$(origin CC)),gcc,$(CC))
SANITIZE ?=
PREFIX   ?= /usr/local
VERSION  := 0.1

MODULES := common mtp mtp-server mtp-server/reader qvisor qvisor/probe qvisor/zygote pool rules broker broker/realm broker/oidc broker/proxy broker/uaas console agent mtp-client/core mtp-client/sdl mtp-client/gateway mtp-client/vnc mtp-client/rdp bench/screen bench/client-core bench/broker

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2 -Wundef -Werror
CFLAGS   ?= -O2 -g
HARDEN   := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
SAN      := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
PKG_ALL  := gio-unix-2.0 json-glib-1.0 libwebsockets libcurl openssl sqlite3 libzstd libjpeg libpng lua5.4 json-c sdl2 libargon2 libseccomp freerdp3
# Asked once: pkg-config is slow enough to notice. On a bare machine, where make check and make demo begin, it is not there.
BENCH_PEERS := libvncserver libvncclient x264 aom
ifneq ($(shell command -v pkg-config),)
# FreeRDP's headers are not clean by our warnings (3.15 uses what it calls deprecated).
PKG_CFLAGS := $(foreach f,$(shell pkg-config --cflags $(foreach p,$(PKG_ALL),$(shell pkg-config --exists $(p) && echo $(p)))),$(if $(findstring /freerdp3,$f)$(findstring /winpr3,$f),$(patsubst -I%,-isystem %,$f),$f))
# What mtp is compared with; nothing else needs it, so it may be missing (deploy/packages/test.txt has it).
MODULES += $(shell pkg-config --exists $(BENCH_PEERS) && echo bench/peers bench/delay)
endif
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARNINGS) $(HARDEN) $(SAN) -fPIE -I. -I$(B)/gen $(PKG_CFLAGS) \
             -D_GNU_SOURCE -DGLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_74 -DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_74 \
             -DQVMI_VERSION='"$(VERSION)"' -MMD -MP
ALL_LDFLAGS = $(SAN) $(LDFLAGS) -Wl,--as-needed

.DEFAULT_GOAL := all
PROGRAMS :=
# Libraries a unit test of a folder needs: archives, in link order, and pkg-config packages.
TEST_PKG := gio-unix-2.0 json-glib-1.0 libwebsockets libcurl openssl sqlite3 libzstd libjpeg libpng
-include $(wildcard $(addsuffix /module.mk,$(MODULES) tests/guest mtp-client/web console/web deploy deploy/image deploy/realm bench bench/video tests))

# What an archive needs besides what its programs name: FOLDER_NEEDS, pkg-config packages.
needs = $(foreach l,$(1),$($(l)_NEEDS))

lib = $(B)/lib/lib$(subst /,-,$(1)).a
MAINS := $(foreach p,$(PROGRAMS),$($(p)_MAIN))
module_sources = $(filter-out $(MAINS),$(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

define module_rule
$(call lib,$(1)): $(call objects,$(call module_sources,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcsD $$@ $$^
endef
$(foreach m,$(MODULES),$(eval $(call module_rule,$(m))))

define program_rule
$(B)/bin/$(1): $(call objects,$($(1)_MAIN)) $(foreach l,$($(1)_LIBS),$(call lib,$(l)))
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$$(CC) $$(ALL_LDFLAGS) $$(if $$(findstring -static,$$($(1)_LDFLAGS)),,-pie) $$($(1)_LDFLAGS) -o $$@ $$^ $$(if $$($(1)_PKG),$$(shell pkg-config $$(if $$(findstring -static,$$($(1)_LDFLAGS)),--static) --libs $$($(1)_PKG) $$(call needs,$$($(1)_LIBS)))) $$($(1)_LIBADD) -lm
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) $($(firstword $(subst /, ,$*))_CFLAGS) -c -o $@ $<

# --- unit tests: tests/FOLDER/test_X.c with FOLDER's archive; FOLDER "client-core" is mtp-client/core, "bench-screen" bench/screen ---
unit_module = $(subst oidc,broker/oidc,$(subst realm,broker/realm,$(subst reader,mtp-server/reader,$(subst probe,qvisor/probe,$(subst bench-,bench/,$(subst client-,mtp-client/,$(1)))))))
UNIT_SOURCES := $(foreach m,common mtp mtp-server reader qvisor probe pool rules broker realm oidc console agent client-core client-sdl client-gateway client-rdp bench-screen,$(wildcard tests/$(m)/test_*.c))
UNIT_TESTS += $(patsubst tests/%.c,$(B)/tests/%,$(UNIT_SOURCES))
define unit_rule
$(B)/tests/$(1)/%: $(B)/obj/tests/$(1)/%.o $(call lib,$(call unit_module,$(1))) $(foreach l,$($(1)_TEST_LIBS),$(call lib,$(l))) $(call lib,common) $(call lib,mtp)
	@mkdir -p $$(@D)
	@$$(CC) $$(ALL_LDFLAGS) -pie -o $$@ $$< $$(filter %.a,$$^) $$(filter %.a,$$^) $$(shell pkg-config --libs $$(TEST_PKG) $$($(1)_TEST_PKG) $$(call needs,$$(call unit_module,$(1)) $$($(1)_TEST_LIBS))) -lm $$($(1)_TEST_LIBADD)
endef
$(foreach m,$(sort $(foreach s,$(UNIT_SOURCES),$(word 2,$(subst /, ,$(s))))),$(eval $(call unit_rule,$(m))))

# Objects of tests are kept.
.SECONDARY:
.PHONY: all programs install unit unit-programs integration check demo smoke help clean format format-check lint web
programs: $(foreach p,$(PROGRAMS),$(B)/bin/$(p))
all: programs

unit-programs: $(UNIT_TESTS)
unit: unit-programs
	@deploy/run-tests $(UNIT_TESTS)

integration_scripts = $(patsubst %,tests/integration/test_%.sh,$(1))
# Not for the sanitizers: nothing of ours runs in them that they could look at, or others do the same to the same programs and these
# see to what is around them (a whole demo ended at any moment, packages, caches).
UNSANITIZED := $(call integration_scripts,client_browser record_browser client_system image_recipe install prune_cache \
	probe_corpus qvisor_libvirt_system qvisor_performance up_killed up_realm up_trouble up_vm)
# In both builds: each program once as it is shipped, and what sanitizers have to leave out.
TWICE := $(call integration_scripts,broker_kerberos_clients broker_sign_in client_native end_to_end_tiny migrate_live mtp_record \
	mtp_screen pool_lease qvisor_jail qvisor_life qvisor_libvirt qvisor_network qvisor_zygote)
# The longest begin first: none of them is left over when all others have ended.
LONGEST := $(call integration_scripts,client_browser up_killed pool_hosts up_trouble qvisor_libvirt end_to_end_faults up_life \
	qvisor_hung client_native client_system)
INTEGRATION := $(LONGEST) $(filter-out $(LONGEST),$(wildcard tests/integration/test_*.sh))
# ONCE=1, as in `make check`: what is in none of the two lists is left to the sanitizers' build.
integration: programs
	@QVMI_BIN=$(abspath $(B)/bin) SANITIZED=$(if $(SANITIZE),1) deploy/run-tests \
	  $(if $(SANITIZE),$(filter-out $(UNSANITIZED),$(INTEGRATION)),$(if $(ONCE),$(filter $(UNSANITIZED) $(TWICE),$(INTEGRATION)),$(INTEGRATION)))

SOURCES := $(foreach m,$(MODULES),$(wildcard $(m)/*.[ch])) $(wildcard tests/*/*.[ch])
format:
	clang-format -i $(SOURCES)
format-check:
	@clang-format --dry-run -Werror $(SOURCES)

# Once an object: what has been compiled anew is looked at anew. Checks and reasons are in .clang-tidy.
LINTED := $(foreach m,$(MODULES),$(wildcard $(m)/*.c))
$(B)/lint/%.ok: $(B)/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	@echo "  TIDY  $*.c"
	@clang-tidy --quiet $*.c -- $(filter-out -Werror -MMD -MP,$(ALL_CFLAGS)) 2>/dev/null
	@touch $@
lint: $(LINTED:%.c=$(B)/lint/%.ok)
	@deploy/check-asvs

# DESTDIR for packages. Not the tests' and benches' programs.
INSTALLED := qvmi qvisord qvisor-launch qvisor-probe mtpd mtpd-worker mtp-reader poold qvmi-rule brokerd brokerd-realm brokerd-proxy uaasd consoled mtp-client mtp-vnc mtp-rdp mtp-rdp-viewer mtp-record mtp-replay
install: $(INSTALLED:%=$(B)/bin/%) $(B)/bin/libqvmi-zygote.so web
	@DESTDIR='$(DESTDIR)' deploy/install '$(PREFIX)' $(B)/bin/libqvmi-zygote.so $(INSTALLED:%=$(B)/bin/%)

check:
	@deploy/check
demo:
	@deploy/demo $(DEMO)
smoke: programs
	@bench/smoke

clean:
	rm -rf build

help:
	@echo 'make demo         a real phone on the screen (installs what it needs, root or sudo)'
	@echo 'make demo-realm   the same with a company of its own: sign-in by Kerberos and LDAP'
	@echo 'make check        everything CI runs'
	@echo 'make install      under PREFIX (/usr/local), with units for systemd and examples of their configuration (DESTDIR)'
	@echo 'make smoke        the whole path, headless, on the real phone: one JSON line'
	@echo 'make phone-sxmo phone-arm64 check-phones   two other phones: Sxmo, and Phosh for ARM64 (an hour), and what they can do'
	@echo 'make bench-screen recorded sessions of the real phone by MTP and by its peers: bytes, exactness, processor time'
	@echo 'make bench-mtp    what MTP adds to the way of a frame; how many phones one core serves'
	@echo 'make bench-page   the browser page while a phone scrolls, its session in a worker and beside it'
	@echo 'make unit         unit tests; with B=build/asan SANITIZE=address,undefined under the sanitizers'
	@echo 'make integration  real daemons and real QEMU on a tiny guest; integration-libvirt: under libvirt'
	@echo 'make faults       qvisord killed with -9, 200 times, at seeded random moments'
	@echo 'make faults-volume poold and a host killed with -9 while a volume goes from phone to phone'
	@echo 'make bench-clone bench-density bench-host bench-volume   what clones, phones and qvisord cost; N=10 for a short run'
	@echo 'make bench-broker  what sign-in costs, with a real KDC; SECONDS_EACH=, SESSIONS=, IDLE='
	@echo 'make bench-video bench-client-core           which codec for moving pictures; what the client core weighs'
	@echo 'make fuzz-mtp fuzz-mtp-server fuzz-client-core fuzz-qvisor fuzz-probe fuzz-broker   the parsers that strangers feed, a million executions each'
	@echo 'make format       clang-format over the tree'

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
