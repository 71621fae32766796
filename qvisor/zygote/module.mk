# What a QEMU is started with that clones are forked from (LD_PRELOAD): in another program, so no sanitizer is in it.
ZYGOTE_SOURCES := $(wildcard qvisor/zygote/*.c) qvisor/launch_filter.c
$(B)/bin/libqvmi-zygote.so: $(ZYGOTE_SOURCES) $(wildcard qvisor/zygote/*.h) qvisor/qemu_command.h qvisor/launch_filter.h
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(filter-out $(SAN) -fPIE -MMD -MP,$(ALL_CFLAGS)) -fPIC -fvisibility=hidden -shared -Wl,-z,now -o $@ $(ZYGOTE_SOURCES) $$(pkg-config --libs glib-2.0)
programs: $(B)/bin/libqvmi-zygote.so

# With the library's threads and munmap(2) in it, so no sanitizer here either.
UNIT_TESTS += $(B)/tests/zygote/test_give_back
$(B)/tests/zygote/test_give_back: tests/zygote/test_give_back.c $(filter-out qvisor/zygote/zygote.c,$(ZYGOTE_SOURCES)) $(wildcard qvisor/zygote/*.h)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(filter-out $(SAN) -fPIE -MMD -MP,$(ALL_CFLAGS)) -fPIE -pie -o $@ $(filter %.c,$^) $$(pkg-config --cflags --libs glib-2.0)
