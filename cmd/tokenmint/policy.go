package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
)

func newPolicy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy check|diff",
		Short: "Check a policy file, or compare two, before a deployment",
		Long: `policy reads policy files as strictly as the functions do. It also answers the
expected cases in their section tests, with the function that the mint uses. It calls no service.`,
		Example: `  tokenmint policy check tokenmint.yaml
  tokenmint policy diff deployed.yaml tokenmint.yaml`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
	}
	cmd.AddCommand(newPolicyCheck(), newPolicyDiff())
	return cmd
}

// files returns a check of the arguments: so many files.
func files(n int, usage string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usageError(fmt.Errorf("it takes %s, and got %q", usage, args))
	}
}

func newPolicyCheck() *cobra.Command {
	var output format
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a policy file and answer its expected cases",
		Long: `check reads the file as the functions do, and answers each expected case of its
section tests. An expected case is a request and the profile that answers it, or refused. Each
finding is one line, as in doctor. The exit status is 1 if a finding is wrong.`,
		Example: `  tokenmint policy check config/tokenmint.yaml`,
		Args:    files(1, "one FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f := &findings{out: cmd.OutOrStdout(), format: output}
			checkPolicy(f, args[0])
			return f.end()
		},
	}
	addOutput(cmd, &output)
	return cmd
}

func checkPolicy(f *findings, file string) {
	cfg, err := config.Load(file)
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			f.wrong("%s", line)
		}
		return
	}
	f.noteWarnings(cfg)
	f.ok("%s: %d profiles, %d additional tokens", file, len(cfg.Profiles), len(cfg.Tokens))
	reportCases(f, file, cfg)
}

// reportCases answers the expected cases. A policy that refuses too much raises no alarm: the mint
// answers 403, as it should for a stranger. So it notes each profile that no case expects.
func reportCases(f *findings, file string, cfg *config.Config) {
	expected := map[string]bool{}
	for _, c := range cfg.Cases {
		expected[c.Expect] = true
		if got := answerTo(cfg, c); got.profile != c.Expect {
			f.wrong("%s:%d: %s: expected %s, got %s", file, c.Line, c, c.Expect, got)
		} else {
			f.ok("%s:%d: %s: %s", file, c.Line, c, got.profile)
		}
	}
	for _, p := range cfg.Profiles {
		if !expected[p.Name] {
			f.note("%s: no expected case gets profile %s", file, p.Name)
		}
	}
}

// checkCases says how many expected cases there are, and which have another answer.
func (f *findings) checkCases(cfg *config.Config) {
	before := f.problems
	for _, c := range cfg.Cases {
		if got := answerTo(cfg, c); got.profile != c.Expect {
			f.wrong("configuration, line %d: %s: expected %s, got %s", c.Line, c, c.Expect, got)
		}
	}
	if f.problems == before {
		f.ok("configuration: expected cases: %d", len(cfg.Cases))
	}
}

// answer is how a policy answers the request of a case.
type answer struct {
	profile string // config.Refused if no profile answers
	why     string // the refusal
}

func (a answer) String() string {
	if a.why == "" {
		return a.profile
	}
	return a.profile + " (" + a.why + ")"
}

// answerTo decides as the mint does.
func answerTo(cfg *config.Config, c config.Case) answer {
	who := mint.Who{ARN: c.ARN, Origin: c.Origin}
	switch c.Route {
	case config.RouteJWT:
		who.JWT = c.Claims
	case config.RouteCustom:
		who.Lambda = c.Claims
	}
	verdict, err := mint.Explain(cfg.Profiles, who, c.Scopes, c.Profile)
	if err == nil {
		err = verdict.Refusal
	}
	if err != nil {
		return answer{config.Refused, err.Error()}
	}
	return answer{profile: verdict.Profile}
}
