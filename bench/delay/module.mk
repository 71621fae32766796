PROGRAMS += bench-mtp
bench-mtp_MAIN := bench/delay/bench-mtp.c tests/mtp-server/terminal.c
bench-mtp_LIBS := bench/delay bench/peers bench/screen mtp-server mtp-client/core common mtp
bench-mtp_PKG := gio-unix-2.0 json-glib-1.0 openssl libzstd libjpeg $(BENCH_PEERS)

# `make bench-mtp [RECORDING=FOLDER] [FRAMES=N] [DURATION=SECONDS] [PHONES=N]`: what MTP adds to a frame's way, and how many
# phones a core serves.
.PHONY: bench-mtp
bench-mtp: programs
	@QVMI_BIN=$(abspath $(B)/bin) bench/mtp
