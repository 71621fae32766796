# uaasd: which provider vouches for which company.
PROGRAMS += uaasd
uaasd_MAIN := broker/uaas/uaasd.c
uaasd_LIBS := broker/uaas broker/oidc common
uaasd_PKG := gio-unix-2.0 json-glib-1.0 libwebsockets openssl sqlite3
