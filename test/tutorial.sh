#!/usr/bin/env bash
# Every request of a cURL tutorial for the Tokens API, typed as its reader would type them, against the simulator; the
# ones for temporary tokens again against the mint. Needs curl and bash, and the lines that `tokenmint dev` prints:
#   TOKENS_API_URL MAPBOX_ACCESS_TOKEN MAPBOX_USERNAME MINT_URL
# It makes some 30 requests (the limit is 100 a minute), deletes what it makes, and prints no token.
set -euo pipefail

: "${TOKENS_API_URL:?is not set}" "${MINT_URL:?is not set}"
: "${MAPBOX_ACCESS_TOKEN:?is not set}" "${MAPBOX_USERNAME:?is not set}"

passed=0 failed=0 body=''
json='Content-Type: application/json'
api="$TOKENS_API_URL/tokens/v2/$MAPBOX_USERNAME"
mint="$MINT_URL/tokens/v2/$MAPBOX_USERNAME"

# The tutorial's own examples.
parent_scopes='["uploads:read", "uploads:list", "uploads:write", "tokens:write"]'
upload_scopes='["styles:tiles", "styles:read", "fonts:read", "datasets:read",
  "uploads:read", "uploads:write", "uploads:list"]'

# request NAME STATUS PATTERN CURL-ARGUMENTS... checks a reply and leaves its body in $body. A pattern that begins
# with ! must not match.
request() {
  local name=$1 want=$2 pattern=$3 reply status found=yes
  shift 3
  reply=$(curl -sS --max-time 10 -w '\n%{http_code}' "$@") || reply=$'\n000'
  status=${reply##*$'\n'} body=${reply%$'\n'*}
  grep -Eq -- "${pattern#!}" <<<"$body" || found=no
  if [[ $status == "$want" && ( $pattern == !* && $found == no || $pattern != !* && $found == yes ) ]]; then
    passed=$((passed + 1))
    echo "ok      $name: $status"
  else
    failed=$((failed + 1))
    echo "FAILED  $name: $status $(member message), want $want and ${pattern}"
  fi
}

# member NAME prints a member of $body that is a string.
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$body"; }

# in_minutes N prints a time in UTC, with GNU's date or BSD's.
in_minutes() { date -u -d "$1 minutes" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -v"$1"M +%Y-%m-%dT%H:%M:%SZ; }

# temporary_tokens WHERE URL TOKEN has the requests that simulator and mint both answer.
temporary_tokens() {
  local where=$1 url=$2 token=$3 verdict="$TOKENS_API_URL/tokens/v2"
  local reply='"token":"tk\..*"issued_at":"[^"]+Z".*"expires":"[^"]+Z".*"expires_in":[0-9]+'

  request "$where: temporary token" 200 "$reply" -X POST "$url?access_token=$token" -H "$json" \
    -d '{"note": "Uploads temp token", "expires": "'"$(in_minutes +30)"'", "scopes": '"$upload_scopes"'}'
  request "$where: it is valid" 200 '"code":"TokenValid".*"usage":"tk"' "$verdict?access_token=$(member token)"

  request "$where: temporary token, no Content-Type" 200 "$reply" -X POST "$url?access_token=$token" \
    -d '{"note": "Uploads temp token", "expires": "'"$(in_minutes +30)"'", "scopes": '"$upload_scopes"'}'
  request "$where: it is valid" 200 '"code":"TokenValid".*"usage":"tk"' "$verdict?access_token=$(member token)"

  request "$where: expires in the past" 422 'expires is in the past' -X POST "$url?access_token=$token" -H "$json" \
    -d '{"expires": "'"$(in_minutes -1)"'", "scopes": '"$upload_scopes"'}'
  request "$where: expires beyond an hour" 422 'expires is more than one hour in the future' \
    -X POST "$url?access_token=$token" -H "$json" \
    -d '{"expires": "'"$(in_minutes +90)"'", "scopes": '"$upload_scopes"'}'
}

request 'list scopes' 200 '"id":"styles:read","public":true' \
  "$TOKENS_API_URL/scopes/v1/$MAPBOX_USERNAME?access_token=$MAPBOX_ACCESS_TOKEN"

request 'public token' 200 '"usage":"pk".*"token":"pk\.' -X POST "$api?access_token=$MAPBOX_ACCESS_TOKEN" -H "$json" \
  -d '{"note": "Map token", "scopes": ["styles:tiles", "styles:read", "fonts:read"]}'
public_id=$(member id) public=$(member token)
request 'a public token cannot create one' 404 'Not Found' -X POST "$api?access_token=$public" -H "$json" \
  -d '{"expires": "'"$(in_minutes +30)"'", "scopes": ["styles:read"]}'

request 'secret token' 200 '"note":"Uploads token","usage":"sk".*"default":false.*"token":"sk\.' \
  -X POST "$api?access_token=$MAPBOX_ACCESS_TOKEN" -H "$json" \
  -d '{"note": "Uploads token", "scopes": '"$upload_scopes"'}'
secret_id=$(member id) secret=$(member token)
request 'retrieve it' 200 '"code":"TokenValid".*"usage":"sk"' "$TOKENS_API_URL/tokens/v2?access_token=$secret"
request 'list, which has it' 200 "\"id\":\"$secret_id\"" "$api?access_token=$MAPBOX_ACCESS_TOKEN"
request 'list, which has no secret value' 200 '!"token":"sk\.' "$api?access_token=$MAPBOX_ACCESS_TOKEN"

request 'token that can create tokens' 200 '"usage":"sk"' -X POST "$api?access_token=$MAPBOX_ACCESS_TOKEN" -H "$json" \
  -d '{"note": "Parent token", "scopes": '"$parent_scopes"'}'
parent_id=$(member id) parent=$(member token)
request 'not with scopes that it lacks' 422 'scopes are invalid' -X POST "$api?access_token=$parent" -H "$json" \
  -d '{"note": "Uploads token", "scopes": '"$upload_scopes"'}'
request 'temporary token from it' 200 '"token":"tk\.' -X POST "$api?access_token=$parent" -H "$json" \
  -d '{"expires": "'"$(in_minutes +30)"'", "scopes": '"$parent_scopes"'}'
temporary=$(member token)
request 'temporary from temporary' 200 '"token":"tk\.' -X POST "$api?access_token=$temporary" -H "$json" \
  -d '{"expires": "'"$(in_minutes +20)"'", "scopes": ["uploads:read"]}'
request 'not later than its own end' 422 'expiration of the authorizing token' -X POST "$api?access_token=$temporary" \
  -H "$json" -d '{"expires": "'"$(in_minutes +50)"'", "scopes": ["uploads:read"]}'

temporary_tokens simulator "$api" "$MAPBOX_ACCESS_TOKEN"
request 'no temporary token in the list' 200 '!"usage":"tk"' "$api?access_token=$MAPBOX_ACCESS_TOKEN"
temporary_tokens mint "$mint" "$MAPBOX_ACCESS_TOKEN"

for id in "$public_id" "$secret_id" "$parent_id"; do
  request 'delete a token' 204 '^$' -X DELETE "$api/$id?access_token=$MAPBOX_ACCESS_TOKEN"
done
request 'the deleted token is revoked' 200 '"code":"TokenRevoked"' "$TOKENS_API_URL/tokens/v2?access_token=$secret"

echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
