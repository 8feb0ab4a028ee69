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
	public                      bool
	scopes                      []string // nil means all scopes of the profile
	profile, config             string
	output                      format
}

func newExplain() *cobra.Command {
	var e explain
	cmd := &cobra.Command{
		Use:   "explain --caller ARN | --jwt JSON | --lambda JSON | --public",
		Short: "Explain which profile grants a token to a caller, and why",
		Long: `explain makes the same decision as the mint and gives the reasons: one line for each
profile and for each of its rules. It reads only the configuration. The exit status is 0 if a
profile grants a token, and 1 if none does.

  --caller  the ARN of a user, a role or a session; the path of a role is ignored, because the ARN
            of a session has no path
  --jwt     the payload of a token, as the identity provider issues it
  --lambda  the context that a Lambda authorizer returns, or null
  --public  nothing: a visitor of the public route
  --origin  the origin of the web page; you can combine it with the other flags

The first four say on which route the caller is. A rule works on its own kind of route only.`,
		Example: `  tokenmint explain --caller arn:aws:iam::123456789012:role/web-1
  tokenmint explain --jwt '{"groups":["maps"]}' --scopes styles:read,fonts:read --profile web-map
  tokenmint explain --public --profile public-map --origin https://maps.example.com`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&e.caller, "caller", "", "ARN of an IAM user or role, or of a role's session")
	flags.StringVar(&e.jwt, "jwt", "", "payload of a JWT, a JSON object")
	flags.StringVar(&e.lambda, "lambda", "", "context of a Lambda authorizer, a JSON object "+
		"or null")
	flags.BoolVar(&e.public, "public", false, "a visitor of the public route (default with "+
		"--origin alone)")
	flags.StringVar(&e.origin, "origin", "", "origin of the web page, such as "+
		"https://maps.example.com")
	flags.StringSliceVar(&e.scopes, "scopes", nil, "requested scopes (default: all of the profile)")
	flags.StringVar(&e.profile, "profile", "", "requested profile (default: any)")
	addConfig(cmd, &e.config)
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
	if e.output != formatJSON {
		report.write(out)
	} else if err := writeIndented(out, report); err != nil {
		return err
	}
	if verdict.Refusal != nil {
		return fmt.Errorf("no profile grants a token: %w", verdict.Refusal)
	}
	return nil
}

// explanation is the report of explain.
type explanation struct {
	Warnings []string             `json:"warnings,omitempty"` // about the configuration
	Caller   string               `json:"caller"`             // "" if no authorizer names a caller
	Route    config.Route         `json:"route"`              // its kind
	Profile  string               `json:"profile"`            // grants the token; "" if none does
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
	report := explanation{
		Warnings: cfg.Warnings, Caller: verdict.Caller, Route: verdict.Route,
		Profile: verdict.Profile, Scopes: verdict.Scopes,
	}
	for i, p := range verdict.Profiles {
		profile := profileExplanation{Name: p.Name, Says: sentence(p, cfg.Profiles[i], verdict)}
		for n, misfit := range p.Misfits {
			says := cmp.Or(misfit, "allows this caller: "+cfg.Profiles[i].Allow[n].String())
			rule := ruleExplanation{Allows: misfit == "", Says: says}
			profile.Rules = append(profile.Rules, rule)
		}
		report.Profiles = append(report.Profiles, profile)
	}
	return report
}

func (r explanation) write(out io.Writer) {
	for _, warning := range r.Warnings {
		fmt.Fprintln(out, "warning:", warning)
	}
	fmt.Fprintln(out, "caller:", cmp.Or(r.Caller, "no authorizer names one"))
	fmt.Fprintln(out, "route:", r.Route)
	for _, p := range r.Profiles {
		fmt.Fprintf(out, "profile %s: %s\n", p.Name, p.Says)
		for n, rule := range p.Rules {
			fmt.Fprintf(out, "  rule %d: %s\n", n+1, rule.Says)
		}
	}
}

// sentence says whether the profile grants a token, and why.
func sentence(p mint.ProfileVerdict, configured config.Profile, v mint.Verdict) string {
	switch {
	case p.Name == v.Profile && configured.Token != "":
		return "gives the managed token " + configured.Token + " with " +
			strings.Join(v.Scopes, ", ")
	case p.Name == v.Profile:
		return "grants a token with " + strings.Join(v.Scopes, ", ")
	case p.Other:
		return "grants no token: the request names another profile"
	case !slices.Contains(p.Misfits, ""):
		return "grants no token: no rule allows this caller"
	case len(p.Beyond) > 0:
		return "grants no token: it does not have " + strings.Join(p.Beyond, ", ")
	}
	return "is not reached: " + v.Profile + " comes first"
}

// who reads the flags that describe the caller.
func (e explain) who() (mint.Who, error) {
	who := mint.Who{Origin: e.origin}
	named := 0
	for _, flag := range []string{e.caller, e.jwt, e.lambda} {
		if flag != "" {
			named++
		}
	}
	if e.public {
		named++
	}
	switch {
	case named == 0 && e.origin == "":
		return who, errors.New("say who calls: --caller, --jwt, --lambda or --public")
	case named > 1:
		return who, errors.New("--caller, --jwt, --lambda and --public exclude each other: " +
			"a route has one authorizer, or none")
	case e.caller != "":
		if !strings.HasPrefix(e.caller, "arn:") {
			return who, fmt.Errorf("--caller is %q: it must be an ARN, "+
				"such as arn:aws:iam::123456789012:role/web-1", e.caller)
		}
		who.ARN = e.caller
	case e.jwt != "":
		who.JWT = json.RawMessage(e.jwt)
	case e.lambda != "":
		who.Lambda = json.RawMessage(e.lambda)
	}
	return who, nil
}
