PROGRAMS += bench-broker
bench-broker_MAIN := bench/broker/bench-broker.c
bench-broker_LIBS := bench/broker broker common
bench-broker_PKG := gio-unix-2.0 json-glib-1.0 libcurl openssl sqlite3 krb5-gssapi

# `make bench-broker [SECONDS_EACH=N] [SESSIONS=N] [IDLE=N]`: what sign-in costs, with a real KDC, beside bare GSSAPI.
.PHONY: bench-broker
bench-broker: programs
	@QVMI_BIN=$(abspath $(B)/bin) bench/broker/run
