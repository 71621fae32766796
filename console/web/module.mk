# The console's page: TypeScript checked, bundled with esbuild from npm.
CONSOLE_WEB := build/web/console
CONSOLE_WEB_SOURCES := $(wildcard console/web/src/*) $(wildcard console/web/*.json) console/web/index.html \
                       console/web/style.css console/web/icon.svg

web: $(CONSOLE_WEB)/app.js

console/web/node_modules/.package-lock.json: console/web/package-lock.json
	@echo "  NPM   console/web"
	@cd console/web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(CONSOLE_WEB)/app.js: $(CONSOLE_WEB_SOURCES) console/web/node_modules/.package-lock.json
	@mkdir -p $(@D)
	@echo "  WEB   $(@D)"
	@cd console/web && npx tsc --noEmit
	@cd console/web && npx esbuild src/main.tsx --bundle --minify --target=es2020 --jsx=automatic \
	  --jsx-import-source=preact --log-level=warning --outfile=$(abspath $@)
	@cp console/web/index.html console/web/style.css console/web/icon.svg $(@D)/
