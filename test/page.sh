# shellcheck shell=bash
# Sourced by other scripts, which run in the repository's root: the commands of a page of the documents.

# show prints what a command wrote, without tokens: even the simulator's have no place in a log.
show() {
	sed -E 's/([pst]k)\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+/\1.[redacted]/g' "$@"
}

# blocks_of PAGE DIR writes each `sh` block of PAGE to a file in DIR, and names the files, in the order of the page, in the array
# blocks, which may be empty. It fails if the page has a block of an unknown kind: see test/docs/fence.
blocks_of() {
	go run ./test/docs/blocks "$1" sh "$2"
	shopt -s nullglob
	blocks=("$2"/[0-9][0-9][0-9])
	shopt -u nullglob
}
