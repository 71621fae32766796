# brokerd: sign-in, packages, sessions, grants.
PROGRAMS += brokerd
brokerd_MAIN := broker/brokerd.c
brokerd_LIBS := broker broker/oidc broker/realm common
brokerd_PKG := gio-unix-2.0 json-glib-1.0 libwebsockets libcurl openssl sqlite3 libargon2 libqrencode
broker_TEST_PKG := libargon2 libqrencode cjose
broker_TEST_LIBS := broker/oidc broker/realm

# Icons and the API's description go into the program: nothing to install beside it.
BROKER_RESOURCES := $(B)/gen/broker/resources.c
$(BROKER_RESOURCES): broker/broker.gresource.xml broker/openapi.yaml $(wildcard broker/icons/*.svg)
	@mkdir -p $(@D)
	@glib-compile-resources --sourcedir=broker --generate-source --internal --c-name=broker_resources --target=$@ $<
$(B)/obj/broker/resources.o: $(BROKER_RESOURCES)
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 $(CFLAGS) $(SAN) -fPIE $(PKG_CFLAGS) -c -o $@ $<
$(B)/lib/libbroker.a: $(B)/obj/broker/resources.o
