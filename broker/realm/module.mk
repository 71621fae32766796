# brokerd-realm: Kerberos and LDAP for brokerd, in processes of their own.
PROGRAMS += brokerd-realm
brokerd-realm_MAIN := broker/realm/brokerd-realm.c
brokerd-realm_LIBS := broker/realm common
brokerd-realm_PKG := gio-unix-2.0 krb5-gssapi krb5 ldap lber libsasl2
realm_TEST_PKG := krb5-gssapi krb5 ldap lber libsasl2
