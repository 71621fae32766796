# The desktop and handset client.
PROGRAMS += mtp-client
mtp-client_MAIN = mtp-client/sdl/client.c
mtp-client_LIBS = mtp-client/sdl mtp-client/core common mtp
mtp-client_PKG = gio-unix-2.0 json-glib-1.0 libcurl openssl libzstd libjpeg libpng sdl2

client-sdl_TEST_LIBS = mtp-client/core
client-sdl_TEST_PKG = sdl2
