# Figures of the host, each a line. N and MANIFEST make them short: see bench/README.md.
.PHONY: bench-clone
bench-clone: programs
	@QVMI_BIN=$(abspath $(B)/bin) bench/clone
