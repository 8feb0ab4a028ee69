package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/config/yaml"
)

// Parse reads and checks a configuration. Errors call the file name. The returned error has one
// line for each error in the text.
func Parse(name string, text []byte) (*Config, error) {
	p := &parser{file: name}
	root, err := p.document(text)
	if err != nil {
		return nil, err
	}
	c := p.config(root)
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	c.Warnings = p.warnings
	return c, nil
}

// parser turns YAML nodes into a Config and collects their errors.
type parser struct {
	file     string
	errs     []error
	warnings []string
}

func (p *parser) document(text []byte) (*yaml.Node, error) {
	if len(text) > LargestFile {
		return nil, fmt.Errorf("%s: the file is larger than %d KiB: remove profiles or comments",
			p.file, LargestFile>>10)
	}
	root, err := yaml.Parse(text)
	if wrong := (*yaml.Error)(nil); errors.As(err, &wrong) {
		return nil, fmt.Errorf("%s:%d: %s", p.file, wrong.Line, wrong.Problem)
	}
	if root == nil {
		return nil, fmt.Errorf("%s: the file is empty", p.file)
	}
	return root, nil
}

// fail notes an error about the key at node n. An empty key means the whole file.
func (p *parser) fail(n *yaml.Node, key, format string, args ...any) {
	if key != "" {
		key += ": "
	}
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %s%s", p.file, n.Line, key,
		fmt.Sprintf(format, args...)))
}

// field reads the value of one key; key is its full name, such as profiles.web-map.reuse.
type field func(n *yaml.Node, key string)

// entries calls each for every key of the mapping n, in the file's order.
func (p *parser) entries(n *yaml.Node, key string, each func(name, value *yaml.Node)) {
	if n.Kind != yaml.Mapping {
		p.fail(n, key, "must be a mapping of keys to values")
		return
	}
	seen := map[string]bool{}
	for pair := range slices.Chunk(n.Content, 2) {
		name, value := pair[0], pair[1]
		if seen[name.Value] {
			p.fail(name, join(key, name.Value), "is given twice")
			continue
		}
		seen[name.Value] = true
		each(name, value)
	}
}

// fields reads a mapping that may have only the keys in known.
func (p *parser) fields(n *yaml.Node, key string, known map[string]field) {
	p.entries(n, key, func(name, value *yaml.Node) {
		read, ok := known[name.Value]
		if !ok {
			names := strings.Join(slices.Sorted(maps.Keys(known)), ", ")
			p.fail(name, join(key, name.Value), "unknown key; known here: %s", names)
			return
		}
		read(value, join(key, name.Value))
	})
}

func (p *parser) text(into *string) field {
	return func(n *yaml.Node, key string) {
		if !n.IsText() || n.Value == "" {
			p.fail(n, key, "must be a text that is not empty")
			return
		}
		*into = n.Value
	}
}

func (p *parser) duration(into *time.Duration) field {
	return func(n *yaml.Node, key string) {
		d, err := time.ParseDuration(n.Value)
		if n.Kind != yaml.Scalar || err != nil {
			p.fail(n, key, "%q is not a duration: write a number with a unit of Go's durations, "+
				"such as 90s, 30m or 720h", n.Value)
			return
		}
		if d < 0 {
			p.fail(n, key, "%s is negative", n.Value)
			return
		}
		*into = d
	}
}

func (p *parser) yes(into *bool) field {
	return func(n *yaml.Node, key string) {
		if *into = n.Value == "true"; !*into {
			p.fail(n, key, "must be true or absent")
		}
	}
}

func (p *parser) count(into *int) field {
	return func(n *yaml.Node, key string) {
		count, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.Scalar || err != nil || count < 1 {
			p.fail(n, key, "%q is not a whole number above 0", n.Value)
			return
		}
		*into = count
	}
}

func (p *parser) scopes(into *[]string) field {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.Sequence || len(n.Content) == 0 {
			p.fail(n, key, "must be a list of scopes, such as [styles:read, fonts:read]")
			return
		}
		for _, item := range n.Content {
			switch {
			case !isScope(item.Value):
				p.fail(item, key, "%q is not a scope: scopes look like styles:read", item.Value)
			case slices.Contains(*into, item.Value):
				p.fail(item, key, "%s is given twice", item.Value)
			default:
				p.warnOfScope(item, key)
				*into = append(*into, item.Value)
			}
		}
		slices.Sort(*into)
	}
}

// maxURLs is the number of allowed URLs that a token may have.
// Source: https://docs.mapbox.com/api/accounts/tokens/#create-a-token
const maxURLs = 100

func (p *parser) urls(into *[]string) field {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.Sequence || len(n.Content) == 0 || len(n.Content) > maxURLs {
			p.fail(n, key, "must be a list of 1 to %d URLs, such as [https://maps.example.com]",
				maxURLs)
			return
		}
		for _, item := range n.Content {
			u, err := url.Parse(item.Value)
			if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
				p.fail(item, key, "%q is not a URL that begins with https:// or http://",
					item.Value)
			}
			*into = append(*into, item.Value)
		}
	}
}

// isScope reports whether s has the form of a Mapbox scope: two or more words with colons between
// them. The scope may be unknown, since Mapbox adds scopes over time.
func isScope(s string) bool {
	words := strings.Split(s, ":")
	for _, word := range words {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(words) >= 2
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
