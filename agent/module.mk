# One statically linked program: it runs in any guest, whatever libraries that has.
PROGRAMS += qvmi-agent
qvmi-agent_MAIN := agent/qvmi-agent.c
qvmi-agent_LIBS := agent
qvmi-agent_PKG := json-c
# The sanitizers' run time can not be linked in statically; guests get the plain build's agent.
qvmi-agent_LDFLAGS := $(if $(SANITIZE),,-static)
agent_TEST_PKG := json-c
