# The page that brokerd serves. Where npm has been run once (or make web has), it is part of `all`.
WEB_CLIENT := build/web/client
WEB_NODE := mtp-client/web/node_modules/.package-lock.json
WEB_STATIC := $(shell cd mtp-client/web/static && find . -type f)
WEB_ESBUILD := --bundle --minify --target=es2022 --legal-comments=none --log-level=warning

$(WEB_NODE): mtp-client/web/package-lock.json
	@echo "  NPM   mtp-client/web"
	@cd mtp-client/web && npm ci --silent
	@touch $@

$(WEB_CLIENT)/mtp.wasm: mtp-client/web/wasm/build mtp-client/web/debian-source \
    $(wildcard mtp-client/web/wasm/*.[ch] mtp-client/core/*.[ch] mtp/*.[ch])
	@mkdir -p $(@D)
	@echo "  WASM  $@"
	@mtp-client/web/wasm/build $@

# The page, and what of it runs in a worker.
$(WEB_CLIENT)/app.js: $(WEB_NODE) mtp-client/web/tsconfig.json $(wildcard mtp-client/web/src/*.ts)
	@mkdir -p $(@D)
	@echo "  WEB   $@"
	@cd mtp-client/web && node_modules/.bin/tsc --noEmit -p .
	@cd mtp-client/web && node_modules/.bin/esbuild src/main.ts $(WEB_ESBUILD) --format=esm --outfile=../../$@

$(WEB_CLIENT)/worker.js: $(WEB_CLIENT)/app.js
	@cd mtp-client/web && node_modules/.bin/esbuild src/worker.ts $(WEB_ESBUILD) --format=iife --outfile=../../$@

$(WEB_CLIENT)/%: mtp-client/web/static/%
	@mkdir -p $(@D)
	@cp $< $@

.PHONY: web-client
web-client: $(WEB_CLIENT)/mtp.wasm $(WEB_CLIENT)/app.js $(WEB_CLIENT)/worker.js $(WEB_STATIC:./%=$(WEB_CLIENT)/%)
web: web-client
ifneq ($(wildcard $(WEB_NODE)),)
all: web-client
endif
