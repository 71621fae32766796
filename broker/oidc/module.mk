# OpenID Connect, the parts that brokerd (relying party) and brokerd-proxy (provider) share. JOSE is libcjose's.
broker/oidc_NEEDS := cjose
oidc_TEST_PKG := cjose
