# Turns the output of mmdebstrap and apt into per cent: a bar on a terminal (tty=1), else a line every tenth.
# The shares are measured on a two-core machine. The essential packages come first, in a round of their own that counts
# for nothing; the round of --include is the long one.

function show(percent, what,    bar, i) {
	percent = int(percent)
	if (percent < shown)
		return
	if (tty) {
		for (i = 0; i < 30; i++)
			bar = bar (i < percent * 30 / 100 ? "#" : ".")
		if (percent > shown || what != said)
			printf "\r\033[Kphone image [%s] %3d%% %s", bar, percent, what
		shown = percent
	} else if (percent >= shown + 10 || shown == "") {
		printf "phone image: %d%% %s\n", percent, what
		shown = percent
	}
	said = what
	fflush()
}

BEGIN { show(0, "reading the package lists") }
/newly installed/ {
	for (i = 1; i < NF; i++)
		if ($(i + 1) == "newly" && $i > 200)
			total = $i
	got = unpacked = ready = 0
}
total && /^Get:[0-9]+ / { show(5 + 30 * ++got / total, "downloading") }
total && /^Unpacking / { show(35 + 25 * ++unpacked / total, "unpacking") }
total && /^Setting up / { show(60 + 25 * ++ready / total, "setting up") }
/^phone: setting up/ { show(88, "making it a phone") }
/^phone: writing the disk/ { show(97, "writing the disk") }
END { if (tty) printf "\r\033[K" }
