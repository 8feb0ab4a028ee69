package docs_test

import (
	"regexp"
	"strings"
	"testing"
)

// longest is the number of words that a sentence may have. Code counts as one word.
const longest = 25

// TestSentencesAreShort checks all pages. Tables and blocks of code have no sentences.
func TestSentencesAreShort(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		for _, sentence := range sentences(read(t, page)) {
			if words := len(strings.Fields(sentence)); words > longest {
				t.Errorf("%s: %d words, want at most %d: %s", page, words, longest, sentence)
			}
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	text := "# A title. With two\n\nOne two.\nThree `a b c d` four. [Five six](https://a.b/c)!\n" +
		"- an item\n  of a list\n2. another: `x`\n\n| a | table. |\n```sh\nsome code.\n```\nlast"
	got := strings.Join(sentences(text), "|")
	want := "One two.|Three code four.|Five six!|- an item of a list|2) another:|code|last"
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

var (
	block = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	code  = regexp.MustCompile("`[^`]*`")
	aim   = regexp.MustCompile(`\]\([^)]*\)`)
	item  = regexp.MustCompile(`^\s*([-*]|\d+\.)\s`)
	mark  = regexp.MustCompile(`^(\d+)\. `)
	end   = regexp.MustCompile(`([.:!?]["*)]*)\s+`)
)

// sentences splits the prose of a page.
func sentences(text string) []string {
	var all, paragraph []string
	flush := func() {
		prose := code.ReplaceAllString(strings.Join(paragraph, " "), "code")
		prose = aim.ReplaceAllString(prose, "")
		prose = strings.NewReplacer("[", "", "]", "").Replace(prose)
		for sentence := range strings.SplitSeq(end.ReplaceAllString(prose, "$1\n"), "\n") {
			if sentence != "" {
				all = append(all, sentence)
			}
		}
		paragraph = nil
	}
	for line := range strings.Lines(block.ReplaceAllString(text, "")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '|' {
			flush()
			continue
		}
		if item.MatchString(line) {
			flush()
		}
		paragraph = append(paragraph, mark.ReplaceAllString(line, "$1) "))
	}
	flush()
	return all
}
