#!/usr/bin/env bash
# Runs schemathesis, an independent fuzzer, with docs/openapi.yaml against `dev` on free ports. Any finding fails it.
# test/schemathesis.toml has the seed, the number of examples, and the checks that are off, with the reasons.
set -euo pipefail
cd "$(dirname "$0")/.."
source test/dev.sh
source test/page.sh
root=$PWD venv=.cache/schemathesis pins=tools/requirements-schemathesis.txt

if ! cmp -s "$pins" "$venv/installed"; then
	python3 -m venv --clear "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$pins"
	cp "$pins" "$venv/installed"
fi

tmp=$(mktemp -d)
trap 'kill_dev; rm -rf "$tmp"' EXIT
# The budget of mints would turn most requests into 429.
sed 's/^parent:$/&\n  mints_per_minute: 1000000/' config/tokenmint.yaml >"$tmp/config.yaml"
# The examples of the document are of the account acme.
start_dev "$tmp/dev" go run ./cmd/tokenmint dev --config "$tmp/config.yaml" --user acme --env-file "$tmp/env" \
	--mint 127.0.0.1:0 --mapbox 127.0.0.1:0 --aws 127.0.0.1:0 --mapbox-rate 0
mint=$(sed -n 's/^MINT_URL=//p' "$tmp/env")

# fuzz PHASES [HEADER] prints no token: a reply in the report of a finding may hold one, of the simulator.
fuzz() {
	echo "== phases $1${2:+, $2}"
	(
		cd "$tmp" # schemathesis leaves files where it runs
		SCHEMATHESIS_HOOKS=schemathesis_hooks PYTHONPATH=$root/test PYTHONDONTWRITEBYTECODE=1 \
			"$root/$venv/bin/st" --config-file "$root/test/schemathesis.toml" --no-color \
			run "$root/docs/openapi.yaml" --url "$mint" --phases "$1" ${2:+-H "$2"}
	) | show
}

fuzz examples,coverage,fuzzing,stateful
fuzz coverage,fuzzing 'X-Dev-Authorizer: {"iam":{"userArn":"arn:aws:iam::123456789012:user/eve"}}' # no rule allows eve
fuzz coverage,fuzzing 'X-Dev-Authorizer: null'                                                     # nobody is calling
stop_dev
