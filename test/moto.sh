#!/usr/bin/env bash
# Runs a command beside moto's server, an independent double of DynamoDB and Secrets Manager, whose address is in TOKENMINT_MOTO_ENDPOINT:
#   test/moto.sh go test -tags=moto -count=1 ./internal/tokencache/dynamo
# The server is installed once for each content of tools/requirements-moto.txt, under .cache/. The exit code is the command's.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.cache/moto

if ! cmp -s "$root/tools/requirements-moto.txt" "$venv/installed"; then
	python3 -m venv --clear "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/tools/requirements-moto.txt"
	cp "$root/tools/requirements-moto.txt" "$venv/installed"
fi

log=$(mktemp)
trap 'kill "${server:-}" 2>/dev/null || true; rm -f "$log"' EXIT

# moto has no locks: of two conditional updates at once both may find the item as it was before. So it gets one request at a time, as
# if DynamoDB took its per-item decision there. Port 0 is any free one; once its number is printed, the server listens.
exec {answer}< <(
	exec "$venv/bin/python" -c '
import threading
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

moto = DomainDispatcherApplication(create_backend_app)
lock = threading.Lock()

def one_at_a_time(environ, start_response):
    with lock:
        return moto(environ, start_response)

server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True)
print(server.port, flush=True)
server.serve_forever()
' 2>"$log"
)
server=$!

if ! read -r port <&"$answer"; then
	echo 'moto did not start:' >&2
	cat "$log" >&2
	exit 1
fi

TOKENMINT_MOTO_ENDPOINT=http://127.0.0.1:$port "$@"
