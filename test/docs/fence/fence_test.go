package fence_test

import (
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/test/docs/fence"
)

func TestRead(t *testing.T) {
	t.Parallel()
	got, err := fence.Read("page.md",
		"text\n```sh\nls\n\n# no heading\n```\n\n```json\r\n{}\r\n```\r\n")
	want := []fence.Block{
		{Page: "page.md", Line: 2, Kind: "sh", Text: "ls\n\n# no heading\n"},
		{Page: "page.md", Line: 8, Kind: "json", Text: "{}\n"},
	}
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReadRefusesBlocksThatNoTestWouldRun(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"```bash\nls\n```\n":            `page.md:1: unknown kind of block "bash"`,
		"```\nls\n```\n":                `unknown kind of block ""`,
		"```sh skip\nls\n```\n":         `unknown kind of block "sh skip"`,
		"```sh \nls\n```\n":             `unknown kind of block "sh "`,
		"````sh\nls\n````\n":            `unknown kind of block "` + "`sh",
		"1. first\n\n   ```sh\n   ls\n": "page.md:3: a block must begin with",
		"- ```sh\n  ls\n":               "a block must begin with",
		"> ```sh\n> ls\n":               "a block must begin with",
		"~~~sh\nls\n~~~\n":              "a block must begin with",
		"```sh\nls\n":                   "page.md:1: the block does not end",
		"```sh\nls\n```sh\nls\n```\n":   "page.md:3: a block must end with",
	} {
		t.Run(want, func(t *testing.T) {
			if blocks, err := fence.Read("page.md", text); err == nil ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("%q: %d blocks, %v; want %s", text, len(blocks), err, want)
			}
		})
	}
}
