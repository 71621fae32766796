# shellcheck shell=bash
# Sourced: where this machine gets Debian from. The tree names no server; the machine's own apt sources do.

# apt_source_stanzas: every "URI SUITE" pair of the machine's enabled binary sources, one a line.
apt_source_stanzas() {
	local etc=${APT_SOURCES_ROOT:-/etc/apt} file
	for file in "$etc/sources.list" "$etc"/sources.list.d/*.list; do
		[ -r "$file" ] || continue
		sed -E 's/#.*//; s/\[[^]]*\]//' "$file" | awk '$1 == "deb" && NF >= 3 { print $2, $3 }'
	done
	for file in "$etc"/sources.list.d/*.sources; do
		[ -r "$file" ] || continue
		# deb822: fields of a stanza, continued by indented lines; a blank line ends it
		{ sed '/^#/d' "$file"; echo; } | awk '
			function emit(  i, j, n, m, u, s) {
				if ((types ~ /(^|[ \t])deb([ \t]|$)/ || types == "") && enabled !~ /^[Nn]o|[Ff]alse/) {
					n = split(uris, u); m = split(suites, s)
					for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) print u[i], s[j]
				}
				types = uris = suites = enabled = field = ""
			}
			/^[ \t]*$/ { emit(); next }
			/^[ \t]/ { value = $0 }
			/^[^ \t]/ { field = tolower($1); sub(/:.*/, "", field); value = $0; sub(/^[^:]*:/, "", value) }
			field == "types" { types = types " " value }
			field == "uris" { uris = uris " " value }
			field == "suites" { suites = suites " " value }
			field == "enabled" { gsub(/[ \t]/, "", value); enabled = value }'
	done
}

# resolve_mirror URI: a "mirror+file:" list stands for its first server; anything else for itself.
resolve_mirror() {
	case $1 in
	mirror+file:*)
		local list=/${1#mirror+file:}
		list=/${list##+(/)}
		awk '!/^#/ && NF { print $1; exit }' "$list"
		;;
	*) echo "$1" ;;
	esac
}

# debian_mirrors CODENAME: the servers that may be Debian's for this machine's own release, each once, without a trailing
# slash. Others publish under Debian's code names too, so the caller still has to ask each what it is.
debian_mirrors() {
	local uri suite
	shopt -s extglob
	while read -r uri suite; do
		case $suite in
		"$1" | trixie | stable | testing | sid)
			uri=$(resolve_mirror "$uri")
			echo "${uri%%+(/)}"
			;;
		esac
	done < <(apt_source_stanzas) | awk 'NF && !seen[$0]++'
}
