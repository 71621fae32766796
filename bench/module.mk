# Figures of the host, each a line. N and MANIFEST make them short: see the head of each.
.PHONY: bench-clone bench-density bench-host bench-migrate bench-volume
bench-clone bench-density bench-host bench-migrate bench-volume: bench-%: programs
	@QVMI_BIN=$(abspath $(B)/bin) bench/$*
.PHONY: bench-page
bench-page:
	@bench/page/bench-page

# A broker and terminals that come back to their sessions: bench/resume.c.
PROGRAMS += bench-resume
bench-resume_MAIN := bench/resume.c
bench-resume_LIBS := broker broker/oidc broker/realm common
bench-resume_PKG = $(brokerd_PKG)
.PHONY: bench-resume
bench-resume: $(B)/bin/bench-resume
	@$<
