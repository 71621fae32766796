# `make tsan`: what has threads, under ThreadSanitizer: unit tests of these folders, and qvisord's work in threads
# (checksums, saved and sealed memory, volumes, moves). tests/tsan/glib.c tells it what GLib orders.
TSAN_UNITS := qvisor common broker mtp-server
TSAN_INTEGRATION := qvisor_life qvisor_suspend qvisor_snapshot qvisor_volume qvisor_performance
TSAN_WRAPPED := g_mutex_lock g_mutex_unlock g_cond_wait g_cond_wait_until g_task_run_in_thread g_task_return_boolean \
                g_task_return_error g_task_return_pointer g_task_propagate_boolean g_task_propagate_pointer \
                g_task_get_task_data g_thread_pool_new g_thread_pool_push \
                g_thread_pool_free g_idle_add_full g_idle_add
ifeq ($(SANITIZE),thread)
TSAN_GLIB := $(B)/obj/tests/tsan/glib.o
LDFLAGS += $(TSAN_WRAPPED:%=-Wl,--wrap=%) $(TSAN_GLIB)
endif
.PHONY: tsan tsan-run
tsan:
	@$(MAKE) --no-print-directory B=build/tsan CC=clang SANITIZE=thread build/tsan/obj/tests/tsan/glib.o
	@$(MAKE) --no-print-directory B=build/tsan CC=clang SANITIZE=thread tsan-run
tsan-run: programs $(foreach u,$(TSAN_UNITS),$(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/$(u)/test_*.c)))
	@export TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan/suppressions.txt ignore_noninstrumented_modules=1 halt_on_error=1"; \
	  for test in $(filter $(B)/tests/%,$^); do echo "  TSAN  $$test"; "$$test" >/dev/null || exit 1; done; \
	  QVMI_BIN=$(abspath $(B)/bin) SANITIZED=1 deploy/run-tests $(TSAN_INTEGRATION:%=tests/integration/test_%.sh)
