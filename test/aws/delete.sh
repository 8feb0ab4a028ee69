# The step delete of test/aws/run. It goes on after a failure, and names what is left.
# shellcheck shell=bash disable=SC2154

left=()

# remove WHAT COMMAND... deletes one thing.
remove() {
	if "${@:2}" >"$work/out" 2>&1; then
		say "deleted: $1"
	else
		cat "$work/out" >&2
		left+=("$1")
	fi
}

# look WHAT COMMAND... puts what a command lists into found.
look() {
	found=()
	if "${@:2}" --output text >"$work/found" 2>"$work/out"; then
		read -r -d '' -a found <"$work/found" || true
	else
		cat "$work/out" >&2
		left+=("$1")
	fi
}

delete_stack() {
	local end=$((SECONDS + 3600)) owner status
	read -r owner status < <(stack "[$owner_of, StackStatus]")
	# A stack that was never deployed has no tags and no resources.
	[[ $owner == "$name" || $status == REVIEW_IN_PROGRESS ]] || return 1
	# CloudFormation deletes no stack while it updates it.
	[[ $status != UPDATE_IN_PROGRESS ]] || aws cloudformation cancel-update-stack --stack-name "$name" || true
	while [[ $(stack StackStatus) == UPDATE*_IN_PROGRESS ]]; do
		((SECONDS < end)) || return 1
		sleep 5
	done
	aws cloudformation delete-stack --stack-name "$name" &&
		aws cloudformation wait stack-delete-complete --stack-name "$name"
}

step_delete() {
	local it
	look "stack $name" aws cloudformation describe-stacks --query "Stacks[?StackName=='$name'].StackName"
	((${#found[@]} == 0)) || remove "stack $name" delete_stack
	look "the stack's secret" aws secretsmanager list-secrets \
		--query "SecretList[?Tags[?Key=='$tag' && Value=='$name']].ARN"
	for it in ${found[@]+"${found[@]}"}; do
		remove "secret $it" aws secretsmanager delete-secret --secret-id "$it" --force-delete-without-recovery
	done
	look "layer $name" aws lambda list-layer-versions --layer-name "$name" --query 'LayerVersions[].Version'
	for it in ${found[@]+"${found[@]}"}; do
		remove "layer $name:$it" aws lambda delete-layer-version --layer-name "$name" --version-number "$it"
	done
	look "bucket $bucket" aws s3api list-buckets --query "Buckets[?Name=='$bucket'].Name"
	((${#found[@]} == 0)) || remove "bucket $bucket" aws s3 rb "s3://$bucket" --force
	remove "tokens of $name at Mapbox" mapbox delete "$name.$AWS_REGION.$account"
	if ((${#left[@]} > 0)); then
		fail "NOT DELETED: $(printf '%s, ' "${left[@]}")run the step delete again, or delete it yourself"
	fi
}
