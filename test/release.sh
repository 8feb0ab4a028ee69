#!/usr/bin/env bash
# Builds the release of this tree twice, by cmd/release, and holds both to each other and to what Lambda takes. The second time
# in another folder, with an empty build cache and with an environment that is against it. It leaves the first release in DIR:
#   test/release.sh DIR
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$1
mkdir "$dir"
dir=$(cd "$dir" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

fail() {
	echo "$*" >&2
	exit 1
}

# refuses PART-OF-THE-MESSAGE FLAGS... wants a refusal that says so.
refuses() {
	if "$tmp/release" --out "$tmp/refused" "${@:2}" 2>"$tmp/message"; then
		fail "released with ${*:2}, though: $1"
	fi
	grep -qF -- "$1" "$tmp/message" || fail "with ${*:2} it does not say: $1" "$(cat "$tmp/message")"
	[[ ! -e $tmp/refused ]] || fail "left a folder, though: $1"
}

go build -o "$tmp/release" ./cmd/release

# The tree as it is, in a repository of its own: whoever tests it need not have committed it.
first=$tmp/first second=$tmp/another/place
mkdir "$first"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
	[[ ! -e $file ]] || printf '%s\0' "$file"
done | tar --null --no-recursion -T - -cf - | tar -xf - -C "$first"
cd "$first"
version=$(sed -n 's/^    SemanticVersion: //p' template.yaml)
if ! grep -q '^## \[[0-9]' CHANGELOG.md; then # before the first release
	printf '\n## [%s] - 2026-01-01\n' "$version" >>CHANGELOG.md
fi
git init -q .
git config user.name test
git config user.email test@example.com
git config commit.gpgsign false
git config tag.gpgsign false
git add -A
git commit -q -m test

refuses "there is no tag v$version" --tag "v$version"
for file in template.yaml docs/openapi.yaml CHANGELOG.md; do
	sed -i "s/$version/9.8.7/" "$file"
	git commit -q -a -m "another version in $file"
	git tag -f "v$version" >"$tmp/out"
	refuses "the tag is v$version, but $file names version 9.8.7" --tag "v$version"
	git reset -q --hard HEAD^
done
git tag -f "v$version" >"$tmp/out"
git commit -q --allow-empty -m later
refuses 'but the work tree is at' --tag "v$version"
git reset -q --hard "v$version"
echo '# changed' >>config/tokenmint.yaml
refuses ' M config/tokenmint.yaml'
git checkout -q config/tokenmint.yaml
echo 'package mint' >internal/mint/new.go
refuses '?? internal/mint/new.go' --tag "v$version"
rm internal/mint/new.go
"$tmp/release" --out "$dir" 2>"$tmp/message" && fail 'it writes into a folder that exists'
rmdir "$dir"

start=$SECONDS
"$tmp/release" --tag "v$version" --out "$dir"
echo "first build: $((SECONDS - start)) s"

git clone -q "$first" "$second"
cd "$second"
echo GOEXPERIMENT=jsonv2 >"$tmp/goenv" # as `go env -w` writes it
start=$SECONDS
(
	umask 077
	export GOENV=$tmp/goenv GOCACHE=$tmp/cache GOFLAGS='-tags=other -gcflags=all=-N -ldflags=-X=main.a=b' GOARM64=v9.0 GOAMD64=v3 \
		GOEXPERIMENT=jsonv2 GOFIPS140=latest CGO_ENABLED=1 SOURCE_DATE_EPOCH=1 TZ=Asia/Tokyo LC_ALL=C
	"$tmp/release" --tag "v$version" --out "$tmp/again" >"$tmp/out"
)
echo "second build, from nothing: $((SECONDS - start)) s"
diff -r "$dir" "$tmp/again" || fail 'two builds of one commit differ'

cd "$dir"
sha256sum --check --strict --quiet SHA256SUMS
diff <(printf '%s\n' * | sort) <({ awk '{ print $2 }' SHA256SUMS && echo SHA256SUMS; } | sort) || fail 'SHA256SUMS does not name all files'
for arch in arm64 x86_64; do
	for function in mint rotate; do
		zip=tokenmint-$function-$arch.zip
		size=$(wc -c <"$zip")
		((size <= 4000000)) || fail "$zip has $size bytes"
		python3 "$OLDPWD/test/bootstrap.py" "$arch" "$zip"
		grep -q "^      CodeUri: $zip\$" "template-$arch.yaml" || fail "template-$arch.yaml does not name $zip"
	done
done

# What this machine can run starts, and stops with the one sentence about what it misses.
for function in mint rotate; do
	case $(uname -m) in
	aarch64) zip=tokenmint-$function-arm64.zip ;;
	*) zip=tokenmint-$function-x86_64.zip ;;
	esac
	python3 -m zipfile -e "$zip" "$tmp/$function"
	chmod +x "$tmp/$function/bootstrap"
	status=0
	env -i "$tmp/$function/bootstrap" >"$tmp/out" 2>&1 || status=$?
	[[ $status == 1 && $(cat "$tmp/out") == "$function: PARENT_SECRET_ID is not set: "* ]] || fail "$zip ended with $status: $(cat "$tmp/out")"
done

cd "$first"
modules=$(CGO_ENABLED=0 GOOS=linux go list -tags=lambda.norpc -deps \
	-f '{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}{{end}}{{end}}' ./functions/... | sort -u)
[[ -n $modules ]]
for module in $modules; do
	grep -qF "$module: " "$dir/NOTICES" || fail "NOTICES has nothing of $module"
done
