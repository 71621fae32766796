# shellcheck shell=bash
# Sourced: what a person does in each recorded session, as scripts for mtp-record. RANDOM is seeded by who sources it, so another
# seed is another session of the same kind. Positions are shares of the screen of the phone image (720x1440).

# A finger's pause, in milliseconds.
pause() { echo "sleep $(($1 + RANDOM % $2))"; }

# From the lock screen by PIN to the applications. Two swipes, because a shell that has just been cloned may let the first fall
# back; on the keypad the second does nothing. The PIN without a look in between: the keypad does not wait for a slow machine.
unlock_script() {
	echo 'wait-quiet 1000 30000'
	echo 'swipe 36% 95% 36% 20% 400' && echo 'wait-quiet 1500 30000'
	echo 'swipe 36% 92% 36% 20% 400' && echo 'wait-quiet 1500 30000'
	local key
	for key in '26% 42%' '50% 42%' '74% 42%' '26% 54%' '50% 90.5%'; do
		echo "tap $key" && echo 'sleep 200'
	done
	echo 'sleep 5000' && echo 'wait-quiet 3000 60000'
}

# type_script TEXT: on the on-screen keyboard; lower-case letters, blanks and full stops.
type_script() {
	local text=$1 i row letter keys=(qwertyuiop asdfghjkl zxcvbnm) left=(50 100 200)
	for ((i = 0; i < ${#text}; i++)); do
		letter=${text:i:1}
		case $letter in
		' ') echo 'tap 50% 96%' ;;
		.) echo 'tap 77% 96%' ;;
		*) for row in 0 1 2; do
			local before=${keys[row]%%"$letter"*}
			[ "$before" = "${keys[row]}" ] ||
				printf 'tap %s%% %s%%\n' "$(awk "BEGIN { print (${left[row]} + 100 * ${#before}) / 10 }")" \
					"$(awk "BEGIN { print 84.3 + 3.9 * $row }")"
		done ;;
		esac
		# An emulated phone on a busy machine draws a key in half a second.
		pause 450 250
	done
}

# Kinetic swipes down a long page, now and then back.
scroll_script() {
	local i from to
	for ((i = 0; i < $1; i++)); do
		from=$((70 + RANDOM % 15)) to=$((20 + RANDOM % 30))
		[ $((RANDOM % 5)) -ne 0 ] || { local t=$from; from=$to to=$t; }
		echo "swipe 50% $from% 52% $to% $((120 + RANDOM % 250))"
		pause 900 1200
	done
}

# Applications and back, the bar at the top, the grid.
shell_script() {
	local i
	for ((i = 0; i < $1; i++)); do
		echo "swipe 40% 99% 40% $((40 + RANDOM % 15))% $((250 + RANDOM % 200))"
		pause 1200 800
		echo "swipe 50% 85% 50% $((55 + RANDOM % 10))% 300"
		pause 700 600
		echo "swipe 50% 60% 50% $((85 + RANDOM % 10))% 300"
		pause 700 600
		echo "swipe 60% 0.5% 60% $((60 + RANDOM % 20))% $((300 + RANDOM % 200))"
		pause 1000 800
		echo 'swipe 50% 95% 50% 5% 300'
		pause 900 600
		echo 'tap 50% 28%'
		pause 1200 600
	done
}

# The next photograph, closer, about in it, and back.
photographs_script() {
	local i
	for ((i = 0; i < $1; i++)); do
		echo 'swipe 85% 50% 10% 50% 200' && pause 1200 600
		echo 'tap 50% 50%' && echo 'sleep 60' && echo 'tap 50% 50%' && pause 1200 500
		echo "swipe 70% 60% $((20 + RANDOM % 20))% $((30 + RANDOM % 20))% 500" && pause 600 500
		echo "swipe 30% 40% $((60 + RANDOM % 20))% $((60 + RANDOM % 10))% 500" && pause 600 500
		echo 'tap 50% 50%' && echo 'sleep 60' && echo 'tap 50% 50%' && pause 1000 500
	done
}
