# The rule child: one Lua script, a locked door.
PROGRAMS += qvmi-rule
qvmi-rule_MAIN = rules/qvmi_rule.c
qvmi-rule_LIBS = rules common
qvmi-rule_PKG = gio-unix-2.0 json-glib-1.0 lua5.4 libseccomp

rules_TEST_PKG = lua5.4 libseccomp
# The unit tests of the child's owner (tests/pool) start the real child.
unit-programs: $(B)/bin/qvmi-rule
