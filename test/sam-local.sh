#!/usr/bin/env bash
# Runs the commands of docs/sam-local.md, block after block, and looks at what they answer: the functions' replies are those in
# events/replies, the minted token is valid at the simulator, and the API refuses for want of an authorizer. Needs sam in the PATH, from
# pip, the ports of the page, and a Docker engine: one that runs, or else dockerd and root, to run one until the end.
#
# Nothing is pulled, so it is the same where no registry is reached: the image holds the emulator that the SAM CLI carries and nothing
# else, under the name that sam looks for. What had that name before has it again at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
source test/dev.sh
source test/page.sh

page=docs/sam-local.md
tmp=$(mktemp -d)
export SAM_CLI_TELEMETRY=0 SAM_SKIP_PULL_IMAGE=1

case $(uname -m) in
x86_64) arch=x86_64 ;;
arm64 | aarch64) arch=arm64 ;;
*)
	echo "Lambda has no processor like $(uname -m)" >&2
	exit 1
	;;
esac
image=public.ecr.aws/lambda/provided:al2023-rapid-$arch

finish() {
	local status=$?
	trap - EXIT
	set +e
	kill_api
	kill_dev
	remove_image
	stop_engine
	rm -rf "$tmp" .env.sam.json .aws-sam/local-x86_64
	exit "$status"
}
trap finish EXIT

# start_engine does nothing where an engine runs. Its own one keeps all that it writes in $tmp and leaves the machine's packet filter
# alone: a container reaches the host over the bridge without a rule, and nothing else is to be reached.
start_engine() {
	if docker info >"$tmp/info" 2>&1; then
		return 0
	fi
	if ! command -v docker >/dev/null || ! command -v dockerd >/dev/null || ((EUID != 0)); then
		echo 'sam local needs a Docker engine: none answers here, and starting one takes docker, dockerd and root' >&2
		cat "$tmp/info" >&2
		return 1
	fi
	[[ -e /sys/class/net/docker0 ]] || bridge=docker0
	export DOCKER_HOST=unix://$tmp/engine.sock
	dockerd --host "$DOCKER_HOST" --data-root "$tmp/data" --exec-root "$tmp/exec" --pidfile "$tmp/engine.pid" \
		--iptables=false --ip6tables=false --ip-forward=false --ip-masq=false >"$tmp/engine.log" 2>&1 </dev/null &
	engine=$!
	if await_ready "$engine" 60 docker info >"$tmp/info" 2>&1; then
		return 0
	fi
	echo 'dockerd did not become ready:' >&2
	tail -n 20 "$tmp/engine.log" >&2
	return 1
}

stop_engine() {
	if [[ -n ${engine:-} ]]; then
		kill "$engine" 2>/dev/null
		wait "$engine"
		[[ -z ${bridge:-} || ! -e /sys/class/net/$bridge ]] || ip link delete "$bridge"
	fi
}

make_image() {
	local python samcli
	python=$(dirname "$(command -v sam || true)")/python3
	if [[ ! -x $python ]]; then
		echo 'sam, as pip installs it, is not in the PATH' >&2
		return 1
	fi
	samcli=$("$python" -c 'import samcli; print(samcli.__path__[0])')
	mkdir -p "$tmp/root/var/rapid"
	install -m 755 "$samcli/local/rapid/aws-lambda-rie-$arch" "$tmp/root/var/rapid/aws-lambda-rie"
	before=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null) || true
	made=$(tar -C "$tmp/root" -c var | docker import - "$image")
}

# remove_image takes containers along that an interrupted sam has left.
remove_image() {
	local left
	if [[ -n ${made:-} ]]; then
		for left in $(docker ps --all --quiet --filter "ancestor=$made"); do
			docker rm --force "$left" >/dev/null
		done
		docker rmi "$image" >/dev/null
		[[ -z ${before:-} ]] || docker tag "$before" "$image"
	fi
}

# start_api runs a block that starts the API, until the end.
start_api() {
	: >"$tmp/api"
	set -m
	terminal "$1" >"$tmp/api" 2>&1 </dev/null &
	api_group=$!
	set +m
	if await_ready "$api_group" 60 grep -q 'Running on' "$tmp/api"; then
		return 0
	fi
	echo 'sam local start-api did not become ready:' >&2
	cat "$tmp/api" >&2
	return 1
}

kill_api() {
	if [[ -n ${api_group:-} ]]; then
		kill -TERM -- "-$api_group" 2>/dev/null || true
		wait "$api_group" 2>/dev/null || true
		api_group=
	fi
}

# terminal runs a block where the one before has ended: what it exports is there for the next.
: >"$tmp/exports"
terminal() {
	bash -euo pipefail -c 'source "$1"; source "$2"; export -p >"$1"' - "$tmp/exports" "$1"
}

# same holds a reply to the one in events/replies, where TOKEN, TIME, SECONDS and ID stand for what differs from run to run.
same() {
	python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin), indent=2))' <"$1" | sed -E '
		s/tk\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}/TOKEN/
		s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z/TIME/g
		s/(\\"expires_in\\":)[0-9]+/\1SECONDS/
		s/"cm[0-9a-z]{23}"/"ID"/
	' | diff -u "events/replies/$2" -
}

# valid asks the simulator what it thinks of the token in the mint's reply.
valid() {
	local token verdict
	token=$(python3 -c 'import json, sys; print(json.loads(json.load(sys.stdin)["body"])["token"])' <"$1")
	verdict=$(curl -fsS --max-time 10 "$(sed -n 's/^TOKENS_API_URL=//p' "$tmp/dev")/tokens/v2?access_token=$token")
	if [[ $verdict != *'"code":"TokenValid"'* ]]; then
		echo "the simulator does not take the minted token: $verdict" >&2
		return 1
	fi
}

# refused holds an answer with its headers to the refusal in events/replies, but for the request's id.
refused() {
	python3 - "$1" events/replies/mint-unauthorised.json <<-'PY'
		import json, re, sys
		head, _, body = open(sys.argv[1], newline="").read().partition("\r\n\r\n")
		want = json.load(open(sys.argv[2]))
		got, sentence = json.loads(body), json.loads(want["body"])
		if not got.pop("request_id") or not sentence.pop("request_id") or got != sentence:
		    sys.exit(f"{got}, want {sentence}")
		if not re.match(rf"HTTP/1\.\d {want['statusCode']} ", head):
		    sys.exit(f"{head.splitlines()[0]}, want {want['statusCode']}")
	PY
}

start_engine
make_image
echo "Docker engine $(docker version --format '{{.Server.Version}}')${engine:+, of this script}; $image"

blocks_of "$page" "$tmp"
seen=''
for block in "${blocks[@]}"; do
	if [[ $arch == arm64 ]]; then # as the page says
		sed -i.x 's/ --config-env local-x86_64//' "$block"
	fi
	sed 's/^/$ /' "$block"
	command=$(<"$block")
	case $command in
	'go run ./cmd/tokenmint dev'*) start_dev "$tmp/dev" bash -euo pipefail "$block" ;;
	'sam local start-api'*) start_api "$block" ;;
	*) terminal "$block" >"$tmp/out" 2>"$tmp/err" || { show "$tmp/out" "$tmp/err"; exit 1; } ;;
	esac
	case $command in
	'sam local invoke '*)
		event=${command#*-e events/}
		same "$tmp/out" "${event%% *}" >"$tmp/difference" || { show "$tmp/err" "$tmp/difference"; exit 1; }
		seen+=" ${event%% *}"
		;;
	curl*)
		refused "$tmp/out"
		seen+=' refused'
		;;
	esac
	if [[ $command == *mint-iam.json* ]]; then
		valid "$tmp/out"
	fi
done
if [[ $seen != ' mint-iam.json schedule.json refused' ]]; then # or the page has lost a command, and this its sense
	echo "$page showed${seen:- nothing}" >&2
	exit 1
fi
kill_api
stop_dev
echo "${#blocks[@]} blocks of $page run; replies as in events/replies, the token valid, the API closed"
