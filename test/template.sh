#!/usr/bin/env bash
# Holds template.yaml to test/template: transformed for every combination of parameters, linted, and created in moto's CloudFormation.
# Further arguments go to pytest. What it needs is installed once for each content of test/template/requirements.txt, under .cache/.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.cache/template

if ! cmp -s "$root/test/template/requirements.txt" "$venv/installed"; then
	python3 -m venv --clear "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/test/template/requirements.txt"
	cp "$root/test/template/requirements.txt" "$venv/installed"
fi

cd "$root/test/template"
PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" -m pytest -q -p no:cacheprovider --tb=short --show-capture=no "$@"
