PROGRAMS += bench-screen
bench-screen_MAIN := bench/peers/bench-screen.c
bench-screen_LIBS := bench/peers bench/screen mtp-server mtp-client/core common mtp
bench-screen_PKG := gio-unix-2.0 json-glib-1.0 libzstd libjpeg $(BENCH_PEERS)

# `make bench-screen [RECORDINGS=FOLDER]`: a line a session and codec; records the sessions first if they are not there.
.PHONY: bench-screen
bench-screen: programs
	@recordings=$${RECORDINGS:-$$(bench/screen/record-sessions)}; \
	  $(B)/bin/bench-screen $$(ls -d "$$recordings"/*/)
