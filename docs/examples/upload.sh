#!/usr/bin/env bash
# Uploads a file to Mapbox, with a fresh token for each request. So the upload may take longer than a token lives.
#
#   upload.sh FILE USERNAME.TILESET
#
# Needs tokenmint, curl from 7.87, and MINT_URL. Tokens and keys are in no process list: curl reads them from
# standard input. TOKENS_API_URL is for tests with `tokenmint dev`.
set +x -euo pipefail
file=$1 tileset=$2 user=${2%%.*}
api=${TOKENS_API_URL:-https://api.mapbox.com}

# mapbox METHOD PATH [JSON] sets $reply. The mint shares tokens, so most calls cost no mint.
mapbox() {
	local token answer
	token=$(tokenmint token --profile uploads) || return
	answer=$(printf 'url = "%s%s?access_token=%s"\n' "$api" "$2" "$token" |
		curl -q -sS --fail-with-body --max-time 60 -K - -X "$1" \
			-H 'Content-Type: application/json' -d "${3:-}") || { echo "upload: $1 $2: $answer" >&2; return 1; }
	reply=$answer
}

# member NAME prints a member of the JSON in $reply: a text, a number or null.
member() { sed -nE 's/^\{(.*,)? *"'"$1"'": *("([^"]*)"|[^,}]*).*$/\2/p' <<<"$reply" | tr -d '"'; }

# 1. A place for the file, and keys for it.
mapbox POST "/uploads/v1/$user/credentials"
url=$(member url)

# 2. The file goes to AWS, whose keys do not depend on the token.
printf 'user = "%s:%s"\nheader = "x-amz-security-token: %s"\n' \
	"$(member accessKeyId)" "$(member secretAccessKey)" "$(member sessionToken)" |
	curl -q -sS --fail-with-body -K - -T "$file" --aws-sigv4 aws:amz:us-east-1:s3 \
		-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$url"

# 3. Mapbox begins to work on it.
mapbox POST "/uploads/v1/$user" "{\"url\":\"$url\",\"tileset\":\"$tileset\",\"name\":\"${tileset#*.}\"}"
upload=$(member id)
echo "upload $upload has begun"

# 4. Ask until it is complete. It may take hours, so five failures in a row are no end. A POST is never repeated: it
# could begin two uploads.
failures=0
until [ "$(member complete)" = true ]; do
	[ "$(member error)" = null ] || { echo "upload: Mapbox says: $(member error)" >&2; exit 1; }
	sleep "${UPLOAD_PAUSE:-10}"
	if mapbox GET "/uploads/v1/$user/$upload"; then
		failures=0
	elif ((++failures > 5)); then
		exit 1
	fi
done
echo "upload $upload is complete"
