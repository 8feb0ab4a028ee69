# shellcheck shell=bash
# Sourced by other scripts: the commands of a page of the documents.

# blocks_of PAGE DIR writes each fenced block of PAGE whose info string is exactly `sh` to a file in DIR, and names the files, in the
# order of the page, in the array blocks. It fails if there is none.
blocks_of() {
	awk -v dir="$2" '
		/^```/ && inside { inside = 0; close(file); next }
		inside           { print > file }
		/^```sh$/        { inside = 1; file = sprintf("%s/%03d.sh", dir, ++n) }
	' "$1"
	blocks=("$2"/[0-9][0-9][0-9].sh)
	if [[ ! -e ${blocks[0]} ]]; then
		echo "$1 has no sh block" >&2
		return 1
	fi
}
