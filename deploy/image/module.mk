# The phone's other images. make check makes Phosh for this machine only: these take long.
.PHONY: phone-sxmo phone-arm64 check-phones
phone-sxmo phone-arm64: programs
	@deploy/install-packages image $(if $(findstring arm64,$@),foreign)
	@deploy/image/build-phone $(if $(findstring arm64,$@),--architecture arm64,--shell sxmo)
# Both, from the probe to three applications in a clone: tests/phone/test_shells.sh [IMAGE...]
check-phones: phone-sxmo phone-arm64
	@QVMI_BIN=$(abspath $(B)/bin) tests/phone/test_shells.sh
