# What a QEMU is started with that clones are forked from (LD_PRELOAD): in another program, so no sanitizer is in it.
ZYGOTE_SOURCES := $(wildcard qvisor/zygote/*.c) qvisor/launch_filter.c
$(B)/bin/libqvmi-zygote.so: $(ZYGOTE_SOURCES) $(wildcard qvisor/zygote/*.h) qvisor/qemu_command.h qvisor/launch_filter.h
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(filter-out $(SAN) -fPIE -MMD -MP,$(ALL_CFLAGS)) -fPIC -fvisibility=hidden -shared -Wl,-z,now -o $@ $(ZYGOTE_SOURCES) $$(pkg-config --libs glib-2.0)
programs: $(B)/bin/libqvmi-zygote.so
