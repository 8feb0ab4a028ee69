#!/usr/bin/env bash
# Runs the commands of README.md (or of the file given): each fenced block whose info string is exactly `sh`, in order.
# A block that starts dev runs in the background until the end, so its ports must be free. Blocks that need an AWS account
# say `sh aws` and are left out.
set -euo pipefail
cd "$(dirname "$0")/.."
source test/dev.sh
source test/page.sh

page=${1:-README.md}
tmp=$(mktemp -d)
trap 'kill_dev; rm -rf "$tmp"' EXIT

blocks_of "$page" "$tmp"

# curl takes an answer of 404 for a success; here it is none.
curl() { command curl --fail-with-body "$@"; }
export -f curl

for block in "${blocks[@]}"; do
	sed 's/^/$ /' "$block"
	if [[ $(head -n 1 "$block") == 'go run ./cmd/tokenmint dev'* ]]; then
		start_dev "$tmp/dev" bash -euo pipefail "$block"
	else
		bash -euo pipefail "$block" >"$tmp/out" || { cat "$tmp/out"; exit 1; }
	fi
done
if [[ -n ${dev_group:-} ]]; then
	stop_dev
fi
echo "${#blocks[@]} blocks of $page run"
