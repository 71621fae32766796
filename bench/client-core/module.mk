# `make bench-client-core`: what a handset has to find for the core, beside its limits: 200 kB of code, 16 MiB.
PROGRAMS += client-core-footprint
client-core-footprint_MAIN := bench/client-core/footprint.c
client-core-footprint_LIBS := mtp-client/core mtp
client-core-footprint_PKG := libzstd libjpeg

.PHONY: bench-client-core
bench-client-core: $(B)/bin/client-core-footprint
	@size $(call lib,mtp-client/core) $(call lib,mtp) | \
	  awk 'NR > 1 { code += $$1 } END { print "client_core code_bytes=" code " limit=200000"; exit code > 200000 }'
	@$< 720 1440 | awk '{ print $$0 " limit=16384"; sub(/.*core_kib=/, ""); exit $$1 + 0 > 16384 }'
