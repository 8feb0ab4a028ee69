package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
)

// explain is the command's flags.
type explain struct {
	caller, jwt, lambda, origin string
	scopes                      []string // nil: all that the profile has
	profile, config             string
	output                      format
}

func newExplain() *cobra.Command {
	var e explain
	cmd := &cobra.Command{
		Use:   "explain --caller ARN | --jwt JSON | --lambda JSON | --origin ORIGIN",
		Short: "Say which profile answers a caller, and why each other does not",
		Long: `explain decides as the mint does who may have what, and says why: a line for each profile and each of its rules.
It reads the configuration and nothing else. It ends with 0 when a profile answers, with 1 when none does.

--caller may name a role with its path: a session does not tell the path, so it does not count. --jwt takes the payload of a
token as the identity provider issues it, --lambda the context that a Lambda authorizer returns, or null. --origin is the web
page that asks; it may stand beside the others.`,
		Example: `  tokenmint explain --caller arn:aws:iam::123456789012:role/web-1
  tokenmint explain --jwt '{"groups":["maps"]}' --scopes styles:read,fonts:read --profile web-map`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&e.caller, "caller", "", "ARN of an IAM user or role, or of a role's session")
	flags.StringVar(&e.jwt, "jwt", "", "payload of a JWT, a JSON object")
	flags.StringVar(&e.lambda, "lambda", "", "context of a Lambda authorizer, a JSON object or null")
	flags.StringVar(&e.origin, "origin", "", "origin of the web page that asks, such as https://maps.example.com")
	flags.StringSliceVar(&e.scopes, "scopes", nil, "scopes that are asked for (default: all that the profile has)")
	flags.StringVar(&e.profile, "profile", "", "profile that is asked for by name (default: any)")
	flags.StringVar(&e.config, "config", "", "configuration file (default: the one compiled in)")
	addOutput(cmd, &e.output)
	return cmd
}

func (e explain) run(out io.Writer) error {
	who, err := e.who()
	if err != nil {
		return usageError(err)
	}
	cfg, err := loadConfig(e.config)
	if err != nil {
		return err
	}
	verdict, err := mint.Explain(cfg.Profiles, who, e.scopes, e.profile)
	if err != nil {
		return usageError(err)
	}
	report := e.report(cfg, verdict)
	if e.output == formatJSON {
		writeIndented(out, report)
	} else {
		report.write(out)
	}
	if verdict.Refusal != nil {
		return fmt.Errorf("no profile answers: %w", verdict.Refusal)
	}
	return nil
}

// explanation is the report of explain.
type explanation struct {
	Warnings []string             `json:"warnings,omitempty"` // of the configuration
	Caller   string               `json:"caller"`             // "" when no authorizer names one
	Profile  string               `json:"profile"`            // that answers, "" when none does
	Scopes   []string             `json:"scopes"`
	Profiles []profileExplanation `json:"profiles"`
}

type profileExplanation struct {
	Name  string            `json:"name"`
	Says  string            `json:"says"`
	Rules []ruleExplanation `json:"rules"`
}

type ruleExplanation struct {
	Allows bool   `json:"allows"`
	Says   string `json:"says"`
}

func (e explain) report(cfg *config.Config, verdict mint.Verdict) explanation {
	report := explanation{Warnings: cfg.Warnings, Caller: verdict.Caller, Profile: verdict.Profile, Scopes: verdict.Scopes}
	for i, p := range verdict.Profiles {
		profile := profileExplanation{Name: p.Name, Says: sentence(p, verdict)}
		for n, misfit := range p.Misfits {
			says := cmp.Or(misfit, "lets this caller in: "+cfg.Profiles[i].Allow[n].String())
			profile.Rules = append(profile.Rules, ruleExplanation{Allows: misfit == "", Says: says})
		}
		report.Profiles = append(report.Profiles, profile)
	}
	return report
}

func (r explanation) write(out io.Writer) {
	for _, warning := range r.Warnings {
		fmt.Fprintln(out, "warning:", warning)
	}
	fmt.Fprintln(out, "caller:", cmp.Or(r.Caller, "nobody whom an authorizer names"))
	for _, p := range r.Profiles {
		fmt.Fprintf(out, "profile %s: %s\n", p.Name, p.Says)
		for n, rule := range p.Rules {
			fmt.Fprintf(out, "  rule %d: %s\n", n+1, rule.Says)
		}
	}
}

// sentence says of one profile why it answers or does not.
func sentence(p mint.ProfileVerdict, v mint.Verdict) string {
	switch {
	case p.Name == v.Profile:
		return "answers, with " + strings.Join(v.Scopes, ", ")
	case p.Other:
		return "does not answer: another profile is asked for"
	case !slices.Contains(p.Misfits, ""):
		return "does not answer: no rule lets this caller in"
	case len(p.Beyond) > 0:
		return "does not answer: it does not have " + strings.Join(p.Beyond, ", ")
	}
	return "is not reached: " + v.Profile + " stands before it"
}

// who reads the flags that describe the caller.
func (e explain) who() (mint.Who, error) {
	who := mint.Who{Origin: e.origin}
	switch named := slices.DeleteFunc([]string{e.caller, e.jwt, e.lambda}, func(s string) bool { return s == "" }); {
	case len(named) == 0 && e.origin == "":
		return who, errors.New("say who calls: --caller, --jwt, --lambda or --origin")
	case len(named) > 1:
		return who, errors.New("--caller, --jwt and --lambda exclude each other: a route has one authorizer")
	case e.caller != "":
		if !strings.HasPrefix(e.caller, "arn:") {
			return who, fmt.Errorf("--caller is %q: it must be an ARN, such as arn:aws:iam::123456789012:role/web-1", e.caller)
		}
		who.ARN = e.caller
	case e.jwt != "":
		who.JWT = json.RawMessage(e.jwt)
	case e.lambda != "":
		who.Lambda = json.RawMessage(e.lambda)
	}
	return who, nil
}
