# `make demo-realm`: the demo, with a company's Kerberos and LDAP.
.PHONY: demo-realm
demo-realm:
	@deploy/realm/demo $(DEMO)
