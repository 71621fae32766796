# `make bench-video [VIDEO="a.jpg b.jpg"]`: the encoders side by side. They are not needed for anything else, so it
# installs nothing and is not part of `all`: libx264-dev libvpx-dev libaom-dev libopenh264-dev libturbojpeg0-dev
# libavcodec-dev, and mate-backgrounds for its photographs.
VIDEO ?= /usr/share/backgrounds/mate/nature/Dune.jpg /usr/share/backgrounds/mate/nature/Garden.jpg
VIDEO_PKG := gio-unix-2.0 x264 vpx aom openh264 libturbojpeg libavcodec libavutil
build/bench-video: $(wildcard bench/video/*.[ch] mtp/i420.[ch]) bench/screen/recording.c bench/screen/ppm.c common/error.c \
    mtp/messages.c mtp/frame.c
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@gcc -std=gnu11 -O2 -g $(WARNINGS) -D_GNU_SOURCE -I. $$(pkg-config --cflags $(VIDEO_PKG)) -o $@ $(filter %.c,$^) \
	  $$(pkg-config --libs $(VIDEO_PKG)) -lm
.PHONY: bench-video
bench-video: build/bench-video
	@build/bench-video $(VIDEO)
