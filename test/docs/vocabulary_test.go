package docs_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// vocabulary has words that readers had to read twice, and the words to use instead.
var vocabulary = map[string]string{
	"ring": "raise an alarm", "rings": "raises an alarm", "mend": "fix", "mends": "fixes",
	"mended": "fixed", "whoever": "anybody who", "henceforth": "from now on", "upon": "on",
	"utilize": "use", "leverage": "use", "simply": "", "please": "",
	"further token": "additional token", "further tokens": "additional tokens",
	"master token": "parent token", "cannot be had": "is not available",
}

func TestVocabulary(t *testing.T) {
	t.Parallel()
	words := slices.Collect(maps.Keys(vocabulary))
	find := regexp.MustCompile(`(?i)\b(` + strings.Join(words, "|") + `)\b`)
	for _, page := range pages(t) {
		for _, sentence := range sentences(read(t, page)) {
			if word := find.FindString(sentence); word != "" {
				t.Errorf("%s: %q: write %q: %s", page, word, vocabulary[strings.ToLower(word)],
					sentence)
			}
		}
	}
}

// TestPagesSayForWhomTheyAre: the first lines of a page name its readers.
func TestPagesSayForWhomTheyAre(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		if page == "README.md" {
			continue // for everybody
		}
		text := strings.Join(sentences(read(t, page)), " ")
		if first := text[:min(len(text), 300)]; !strings.Contains(first, "for ") {
			t.Errorf("%s does not say for whom it is: %s", page, first)
		}
	}
}
