PROGRAMS += mtp-vnc vnc-probe
mtp-vnc_MAIN := mtp-client/vnc/mtp_vnc.c
mtp-vnc_LIBS := mtp-client/vnc mtp-client/gateway mtp-client/sdl mtp-client/core common mtp
mtp-vnc_PKG := gio-unix-2.0 json-glib-1.0 libcurl openssl libzstd libjpeg libvncserver
client-gateway_TEST_PKG := libzstd libjpeg
client-gateway_TEST_LIBS := mtp-client/sdl mtp-client/core

# The viewer of tests/integration/test_client_vnc.sh: libvncclient, which many standard viewers are made of.
vnc-probe_MAIN := tests/client-vnc/vnc_probe.c
vnc-probe_PKG := libvncclient
