# shellcheck shell=bash
# Sourced by other scripts: the commands of a page of the documents.

# show prints what a command wrote, without tokens: even the simulator's have no place in a log.
show() {
	sed -E 's/([pst]k)\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+/\1.[redacted]/g' "$@"
}

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

# check_page PAGE fails on a fenced block that says nothing of what it is, or something that is not known here, or that would not be found
# because it does not begin at the line's start: no command is left out unnoticed. Of the commands that are not run it checks the syntax:
#   sh aws    takes an AWS account
#   sh long   takes minutes; CI runs a smaller form of the same, as CONTRIBUTING.md says
check_page() {
	local block
	awk '
		/^```/ && inside { inside = 0; next }
		inside           { next }
		/^```/           { inside = 1 }
		/^[ \t>]+```/ || /^[ \t>]*~~~/ { print FILENAME ":" FNR ": a block must begin with ``` at the start of its line: " $0; bad = 1 }
		/^```/ && !/^```(sh|sh aws|sh long|json|yaml|js|text|mermaid)$/ { print FILENAME ":" FNR ": unknown kind of block: " $0; bad = 1 }
		END { if (inside) print FILENAME ": the last block does not end"; exit bad || inside }
	' "$1" >&2
	while IFS= read -r -d '' block; do
		if ! bash -n <<<"$block"; then
			echo "$1: a block that is not run is no shell script:" >&2
			echo "$block" >&2
			return 1
		fi
	done < <(awk '/^```/ && inside { inside = 0; printf "%c", 0; next } inside { print } /^```sh (aws|long)$/ { inside = 1 }' "$1")
}
