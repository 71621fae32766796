# The data-centre manager.
PROGRAMS += poold
poold_MAIN = pool/poold.c
poold_LIBS = pool common
poold_PKG = gio-unix-2.0 json-glib-1.0 libwebsockets libcurl openssl sqlite3

# The page is in the program (.incbin).
$(B)/obj/pool/openapi.o: pool/openapi.yaml
