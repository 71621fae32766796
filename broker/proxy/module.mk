# brokerd-proxy: a company's OpenID provider, on its own Kerberos and directory.
PROGRAMS += brokerd-proxy
brokerd-proxy_MAIN := broker/proxy/brokerd-proxy.c
brokerd-proxy_LIBS := broker/proxy broker broker/oidc broker/realm common
brokerd-proxy_PKG := gio-unix-2.0 json-glib-1.0 libwebsockets libcurl openssl sqlite3 libargon2

# The sign-in page goes into the program.
PROXY_RESOURCES := $(B)/gen/broker/proxy/resources.c
$(PROXY_RESOURCES): broker/proxy/proxy.gresource.xml broker/proxy/sign_in.html broker/proxy/style.css
	@mkdir -p $(@D)
	@glib-compile-resources --sourcedir=broker/proxy --generate-source --internal --c-name=proxy_resources --target=$@ $<
$(B)/obj/broker/proxy/resources.o: $(PROXY_RESOURCES)
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 $(CFLAGS) $(SAN) -fPIE $(PKG_CFLAGS) -c -o $@ $<
$(B)/lib/libbroker-proxy.a: $(B)/obj/broker/proxy/resources.o
