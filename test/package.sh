#!/usr/bin/env bash
# Holds the templates of a release to the SAM CLI given: they lint, and what `sam deploy` would upload is the release's own zips, byte
# for byte. Over moto's S3:
#   test/moto.sh test/package.sh sam DIR
set -euo pipefail
sam=$1 dir=$2
export AWS_ENDPOINT_URL=$TOKENMINT_MOTO_ENDPOINT AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=eu-central-1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

curl -fsS -o "$tmp/out" -X PUT "$AWS_ENDPOINT_URL/release" -H 'Host: s3.amazonaws.com'
for arch in arm64 x86_64; do
	"$sam" validate --lint --template-file "$dir/template-$arch.yaml"
	"$sam" package --no-progressbar --template-file "$dir/template-$arch.yaml" --s3-bucket release --output-template-file "$tmp/template" >"$tmp/out"
	for function in mint rotate; do # sam names an object by the MD5 of what it uploads
		digest=$(md5sum <"$dir/tokenmint-$function-$arch.zip")
		if ! grep -q "^      CodeUri: s3://release/${digest%% *}\$" "$tmp/template"; then
			echo "tokenmint-$function-$arch.zip is not what sam uploads:" >&2
			grep 'CodeUri:' "$tmp/template" >&2
			exit 1
		fi
	done
done
