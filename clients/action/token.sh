#!/usr/bin/env bash
# Gets a token from a mint for a GitHub workflow. action.yml sets the variables TOKENMINT_*.
#
# Secrets are in variables of this shell only: not in the arguments of a process, in a file, or in the
# environment of later steps. curl reads its options from standard input. Needs bash 3.2 and curl 7.75.
set +x -euo pipefail

# fail MESSAGE ends the step. GitHub reads % and line ends as its own, so they are encoded.
fail() {
	local text=${1//%/%25}
	text=${text//$'\r'/%0D}
	echo "::error title=tokenmint::${text//$'\n'/%0A}"
	exit 1
}

# mask VALUE tells GitHub to hide a value from now on. The line itself does not show in the log.
mask() { echo "::add-mask::$1"; }

# option NAME VALUE writes a line of curl's configuration.
option() {
	local value=${2//\\/\\\\}
	value=${value//$'\n'/ }
	printf '%s = "%s"\n' "$1" "${value//\"/\\\"}"
}

# ask WHAT CONFIGURATION runs curl, and sets $status and $reply. It asks a server that is busy or fails four times in
# all. It ends the step if nothing answers. Half a reply may have a token, so only curl's own words are shown.
ask() {
	local out pause
	for pause in 2 10 30 0; do
		out=$(curl -q --silent --max-time 30 --write-out '\n%{http_code} %{errormsg}' --config - \
			2>/dev/null < <(printf '%s' "$2")) || fail "$1 does not answer: ${out##*$'\n'??? }"
		status=${out##*$'\n'} status=${status%% *} reply=${out%$'\n'*}
		[[ $status == 429 || $status == 5?? ]] || break
		sleep "$pause"
	done
}

# member NAME and element NAME print a text in $reply: of JSON and of XML.
member() {
	printf '%s' "$reply" | tr -d '\r\n' | sed -nE 's/^\{(.*,)? *"'"$1"'" *: *"(([^"\\]|\\.)*)".*$/\2/p'
}
element() { printf '%s' "$reply" | tr -d '\r\n' | sed -nE 's/.*<'"$1"'>([^<]*)<.*/\1/p'; }

# find_route sets $route, $method and $region from the inputs.
find_route() {
	route=${TOKENMINT_URL%/} method=POST
	local loopback='^http://(localhost|127\.0\.0\.1|\[::1\])(:|/|$)' host
	[[ $route =~ ^https://[^/?#@[:space:]]+[^?#@[:space:]]*$ || $route =~ $loopback ]] ||
		fail 'url must be the address of a mint, such as https://mint.example.com'
	case $route in
	*/public/tokens/*) method=GET ;;
	*/jwt/tokens | */custom/tokens) fail 'url is a route for a bearer token: use POST /tokens, with a role' ;;
	*/tokens | */tokens/v2/*) ;;
	*) route=$route/tokens ;;
	esac
	region=${TOKENMINT_REGION:-} host=${route#*://} host=${host%%[/:]*}
	if [[ -z $region && $host =~ \.execute-api\.([a-z0-9-]+)\. ]]; then
		region=${BASH_REMATCH[1]}
	fi
	region=${region:-${AWS_REGION:-${AWS_DEFAULT_REGION:-}}}
}

# make_body sets $body. The inputs have no characters that JSON would escape.
make_body() {
	local name value scopes
	for name in profile scopes ttl; do
		value=TOKENMINT_$(echo "$name" | tr a-z A-Z)
		[[ ${!value:-} =~ ^[A-Za-z0-9:._,\ -]*$ ]] || fail "$name has characters that no $name has"
	done
	body=''
	[[ -z ${TOKENMINT_PROFILE:-} ]] || body+=",\"profile\":\"$TOKENMINT_PROFILE\""
	[[ -z ${TOKENMINT_TTL:-} ]] || body+=",\"ttl\":\"$TOKENMINT_TTL\""
	scopes=${TOKENMINT_SCOPES:-} scopes=${scopes// /}
	[[ -z $scopes ]] || body+=",\"scopes\":[\"${scopes//,/\",\"}\"]"
	body="{${body#,}}"
	[[ $method == POST || $body == '{}' ]] ||
		fail 'the public route takes no profile, scopes or ttl: its address names the profile'
}

# find_credentials sets $key, $secret and $session.
find_credentials() {
	[[ -n $region ]] || fail 'the address names no AWS region: give the input region'
	if [[ -n ${TOKENMINT_ROLE:-} ]]; then
		assume_role
		return
	fi
	key=${AWS_ACCESS_KEY_ID:-} secret=${AWS_SECRET_ACCESS_KEY:-} session=${AWS_SESSION_TOKEN:-}
	[[ -n $key && -n $secret ]] ||
		fail 'there are no AWS credentials: give the input role, or configure credentials in an earlier step'
}

# assume_role changes the job's OIDC token into credentials. This call of STS needs no signature.
assume_role() {
	[[ -n ${ACTIONS_ID_TOKEN_REQUEST_URL:-} && -n ${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-} ]] ||
		fail 'the job has no OIDC token: give it "permissions: id-token: write". A pull request from a fork never gets one'
	ask "GitHub's OIDC provider" "$(
		option url "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com"
		option header "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN"
	)"
	local jwt domain=amazonaws.com
	jwt=$(member value)
	[[ $status == 200 && -n $jwt ]] || fail "GitHub gives no OIDC token (status $status)"
	mask "$jwt"
	[[ $region != cn-* ]] || domain=amazonaws.com.cn
	ask 'AWS STS' "$(
		option url "${AWS_ENDPOINT_URL_STS:-https://sts.$region.$domain}/"
		option data 'Action=AssumeRoleWithWebIdentity&Version=2011-06-15&DurationSeconds=900'
		option data-urlencode "RoleArn=$TOKENMINT_ROLE"
		option data-urlencode "RoleSessionName=tokenmint-${GITHUB_RUN_ID:-0}"
		option data-urlencode "WebIdentityToken=$jwt"
	)"
	[[ $status == 200 ]] || fail "AWS refuses the role: $(element Code): $(element Message) (status $status).\
 Does its trust policy name this repository?"
	key=$(element AccessKeyId) secret=$(element SecretAccessKey) session=$(element SessionToken)
	[[ -n $key && -n $secret && -n $session ]] || fail 'AWS STS gave no credentials'
	mask "$key"
	mask "$secret"
	mask "$session"
}

# ask_mint sends the request, signed unless the route is public.
ask_mint() {
	ask 'the mint' "$(
		option url "$route"
		[[ $method == POST ]] || exit 0
		option data "$body"
		option header 'Content-Type: application/json'
		option aws-sigv4 "aws:amz:$region:execute-api"
		option user "$key:$secret"
		[[ -z $session ]] || option header "x-amz-security-token: $session"
	)"
}

[[ -n ${TOKENMINT_URL:-} ]] || fail 'the input url is empty: give the address of the mint'
find_route
make_body
if [[ $method == POST ]]; then
	find_credentials
fi
ask_mint
token=$(member token)
[[ -z $token ]] || mask "$token" # before anything else can print it
code=$(member code) message=$(member message)
case $status in
200) ;;
[45]*)
	[[ -n $code ]] || fail "API Gateway refuses: ${message:-no message} (status $status).\
 Is the url right, and does the policy of the role allow execute-api:Invoke?"
	fail "the mint refuses: $code: $message (status $status)"
	;;
*) fail "the answer has the status $status: is the url that of a mint?" ;;
esac
[[ $token =~ ^[tp]k\.[A-Za-z0-9._-]+$ ]] || fail 'the reply has no token: is the url that of a mint?'
{
	echo "token=$token"
	echo "expires=$(member expires)"
} >>"$GITHUB_OUTPUT"
