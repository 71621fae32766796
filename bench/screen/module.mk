PROGRAMS += mtp-replay
mtp-replay_MAIN := bench/screen/mtp-replay.c
mtp-replay_LIBS := bench/screen mtp-server/reader mtp-server mtp-client/core common mtp
mtp-replay_PKG := gio-unix-2.0 json-glib-1.0 libzstd libjpeg
bench-screen_TEST_LIBS := mtp-server/reader mtp-server mtp-client/core

PROGRAMS += mtp-record
mtp-record_MAIN := bench/screen/mtp-record.c
mtp-record_LIBS := bench/screen mtp-server mtp-client/sdl common mtp
mtp-record_PKG := gio-unix-2.0 json-glib-1.0
