# brokerd-realm: Kerberos and LDAP for brokerd, in processes of their own.
PROGRAMS += brokerd-realm
brokerd-realm_MAIN := broker/realm/brokerd-realm.c
brokerd-realm_LIBS := broker/realm common
brokerd-realm_PKG := gio-unix-2.0 krb5-gssapi krb5 ldap lber libsasl2
realm_TEST_PKG := krb5-gssapi krb5 ldap lber libsasl2
# For tests.
PROGRAMS += qvmi-spnego-token
qvmi-spnego-token_MAIN := tests/realm/spnego_token.c
qvmi-spnego-token_LIBS := broker common
qvmi-spnego-token_PKG := gio-unix-2.0 krb5-gssapi openssl
