# shellcheck shell=bash
# Sourced by other scripts: `tokenmint dev`, and what else they start, in the background.

# await_ready PID SECONDS COMMAND... returns when the command succeeds, and fails when the process has ended or the time is over.
await_ready() {
	local pid=$1 tries
	for ((tries = $2 * 10; tries > 0; tries--)); do
		if "${@:3}"; then
			return 0
		fi
		if ! kill -0 "$pid" 2>/dev/null; then
			return 1
		fi
		sleep 0.1
	done
	return 1
}

# start_dev LOG COMMAND... runs a command that starts dev, and returns when it has printed where the mint is. Its lines go to
# LOG, which holds the simulator's token, its log to LOG.err. The command gets a process group of its own, so that all of it
# can be ended.
start_dev() {
	dev_log=$1
	shift
	: >"$dev_log"
	set -m
	"$@" >"$dev_log" 2>"$dev_log.err" </dev/null &
	dev_group=$!
	set +m
	if await_ready "$dev_group" 120 grep -q '^MINT_URL=' "$dev_log"; then # the first run compiles
		return 0
	fi
	echo 'dev did not become ready:' >&2
	cat "$dev_log.err" >&2
	kill_dev
	return 1
}

# stop_dev ends dev as Ctrl-C does, and fails unless dev ends by itself, with 0. Only dev is told, not all of the group: `go run`
# hands on the exit status of what it runs, but ends with 1 when it is interrupted itself.
stop_dev() {
	local group=$dev_group pids tries status=0
	pids=$(ps -A -o pid= -o pgid= -o comm= | awk -v group="$group" '$2 == group && $3 ~ /(^|\/)tokenmint$/ { print $1 }')
	if [[ -z $pids ]]; then
		echo 'dev has ended before it was told to:' >&2
		cat "$dev_log.err" >&2
		kill_dev
		return 1
	fi
	# shellcheck disable=SC2086 # one word for each process
	kill -INT $pids
	for ((tries = 0; tries < 150; tries++)); do # dev lets requests finish for five seconds
		if ! kill -0 -- "-$group" 2>/dev/null; then
			break
		fi
		sleep 0.1
	done
	if ((tries == 150)); then
		echo 'dev did not stop' >&2
		kill_dev
		return 1
	fi
	dev_group=
	wait "$group" || status=$?
	if ((status != 0)); then
		echo "dev ended with $status:" >&2
		cat "$dev_log.err" >&2
		return 1
	fi
}

# kill_dev ends what start_dev started, if it still runs; for a trap.
kill_dev() {
	if [[ -n ${dev_group:-} ]]; then
		kill -KILL -- "-$dev_group" 2>/dev/null || true
		dev_group=
	fi
}
