# Figures of the host, each a line. N and MANIFEST make them short: see the head of each.
.PHONY: bench-clone bench-density bench-host bench-migrate bench-volume
bench-clone bench-density bench-host bench-migrate bench-volume: bench-%: programs
	@QVMI_BIN=$(abspath $(B)/bin) bench/$*
.PHONY: bench-page
bench-page:
	@bench/page/bench-page
