#!/usr/bin/env bash
# Runs the commands of README.md and of all pages in docs/ (or of the pages given): of each, the fenced blocks whose info string is
# exactly `sh`, in order. A block that starts dev runs in the background until the page's end, so its ports must be free. test/docs runs
# or checks the other kinds of blocks.
set -euo pipefail
cd "$(dirname "$0")/.."
source test/dev.sh
source test/page.sh

tmp=$(mktemp -d)
trap 'kill_dev; rm -rf "$tmp"' EXIT

# curl takes an answer of 404 for a success; here it is none.
curl() { command curl --fail-with-body "$@"; }
export -f curl

run_page() {
	local page=$1 dir=$tmp/$2 block
	mkdir "$dir"
	blocks_of "$page" "$dir"
	for block in ${blocks[@]+"${blocks[@]}"}; do
		sed 's/^/$ /' "$block"
		if [[ $(head -n 1 "$block") == 'go run ./cmd/tokenmint dev'* ]]; then
			start_dev "$dir/dev" bash -euo pipefail "$block"
		else
			bash -euo pipefail "$block" >"$dir/out" || { show "$dir/out"; exit 1; }
		fi
	done
	if [[ -n ${dev_group:-} ]]; then
		stop_dev
	fi
	echo "${#blocks[@]} sh blocks of $page run"
}

pages=("$@")
if ((${#pages[@]} == 0)); then
	pages=(README.md docs/*.md)
fi
for i in "${!pages[@]}"; do
	case ${pages[i]} in
	docs/sam-local.md) echo "${pages[i]} is run by test/sam-local.sh" ;;
	*) run_page "${pages[i]}" "$i" ;;
	esac
done
