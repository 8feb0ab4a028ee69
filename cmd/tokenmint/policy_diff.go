package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
)

func newPolicyDiff() *cobra.Command {
	var output format
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show what changes between two policy files",
		Long: `diff shows what the file NEW removes (-) and adds (+): profiles, rules, scopes
and the rest. Then it shows the expected cases of both files that change their answer (!). The exit
status is 0 also if the files differ, and 1 if one of them cannot be read.`,
		Example: `  tokenmint policy diff deployed.yaml config/tokenmint.yaml`,
		Args:    files(2, "OLD and NEW"),
		RunE: func(cmd *cobra.Command, args []string) error {
			before, err := config.Load(args[0])
			if err != nil {
				return err
			}
			after, err := config.Load(args[1])
			if err != nil {
				return err
			}
			return differenceOf(before, after).write(cmd.OutOrStdout(), output)
		},
	}
	addOutput(cmd, &output)
	return cmd
}

// difference is what changes from one policy to another.
type difference struct {
	Changes []change `json:"changes"`
	Answers []moved  `json:"answers"`
}

// change is a part that only one of the policies has.
type change struct {
	Sign    string `json:"sign"`    // + or -
	Subject string `json:"subject"` // such as profile web-map
	Text    string `json:"text"`    // such as scope styles:read
}

func (c change) String() string { return c.Sign + " " + c.Subject + ": " + c.Text }

// moved is an expected case that the policies answer differently.
type moved struct {
	Case string `json:"case"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

func differenceOf(before, after *config.Config) difference {
	d := difference{Changes: []change{}, Answers: []moved{}}
	old, now := partsOf(before, after), partsOf(after, before)
	for _, subject := range subjects(old, now) {
		d.add("-", subject, old, now)
		d.add("+", subject, now, old)
	}
	seen := map[string]bool{}
	for _, c := range slices.Concat(before.Cases, after.Cases) {
		old, now := answerTo(before, c), answerTo(after, c)
		if name := c.String(); old.profile != now.profile && !seen[name] {
			seen[name] = true
			d.Answers = append(d.Answers, moved{name, old.String(), now.String()})
		}
	}
	return d
}

// add adds the parts of a subject that others do not have.
func (d *difference) add(sign, subject string, mine, others []change) {
	for _, c := range mine {
		if c.Subject == subject && !slices.Contains(others, c) {
			c.Sign = sign
			d.Changes = append(d.Changes, c)
		}
	}
}

func (d difference) write(out io.Writer, f format) error {
	if f == formatJSON {
		return writeIndented(out, d)
	}
	for _, c := range d.Changes {
		fmt.Fprintln(out, c)
	}
	for _, a := range d.Answers {
		fmt.Fprintf(out, "! %s: %s -> %s\n", a.Case, a.Old, a.New)
	}
	if len(d.Changes)+len(d.Answers) == 0 {
		fmt.Fprintln(out, "the policies are equal")
	}
	return nil
}

// subjects returns what the parts are about, each once.
func subjects(lists ...[]change) []string {
	var all []string
	for _, c := range slices.Concat(lists...) {
		if !slices.Contains(all, c.Subject) {
			all = append(all, c.Subject)
		}
	}
	return all
}

// partsOf takes a policy apart. The order of its profiles counts for those that the other one has.
func partsOf(c, other *config.Config) []change {
	var all []change
	var order []string
	for _, p := range c.Profiles {
		all = append(all, partsOfProfile(p)...)
		same := func(o config.Profile) bool { return o.Name == p.Name }
		if slices.ContainsFunc(other.Profiles, same) {
			order = append(order, p.Name)
		}
	}
	all = append(all, change{Subject: "profiles", Text: "order " + strings.Join(order, ", ")})
	for _, t := range c.Tokens {
		all = append(all, partsOfToken(t)...)
	}
	return append(all, partsOfParent(c)...)
}

func partsOfParent(c *config.Config) []change {
	parts := partsAbout("parent")
	parts.addAll("scope", c.ParentScopes())
	parts.add("rotate_every", c.Parent.RotateEvery)
	parts.add("retire_after", c.Parent.RetireAfter)
	parts.add("mints_per_minute", c.Parent.MintsPerMinute)
	return parts.all
}

func partsOfProfile(p config.Profile) []change {
	parts := partsAbout("profile " + p.Name)
	parts.addAll("scope", p.Scopes)
	if p.Token != "" {
		parts.add("token", p.Token)
	}
	for _, rule := range p.Allow {
		parts.add("rule", rule)
	}
	parts.add("lifetime", p.Lifetime)
	parts.add("reuse", p.Reuse)
	if p.MintsPerMinute > 0 {
		parts.add("mints_per_minute", p.MintsPerMinute)
	}
	return parts.all
}

func partsOfToken(t config.ManagedToken) []change {
	parts := partsAbout("token " + t.Name)
	if t.Secret != "" {
		parts.add("secret", t.Secret)
	}
	parts.addAll("scope", t.Scopes)
	parts.addAll("allowed_url", t.AllowedURLs)
	for _, app := range t.AllowedApplications {
		parts.add("allowed_application", app.Platform+" "+app.BundleID)
	}
	parts.add("rotate_every", t.RotateEvery)
	parts.add("retire_after", t.RetireAfter)
	return parts.all
}

// parts are the parts about one subject.
type parts struct {
	subject string
	all     []change
}

func partsAbout(subject string) *parts { return &parts{subject: subject} }

func (p *parts) add(key string, value any) {
	p.all = append(p.all, change{Subject: p.subject, Text: fmt.Sprint(key, " ", value)})
}

func (p *parts) addAll(key string, values []string) {
	for _, value := range values {
		p.add(key, value)
	}
}
