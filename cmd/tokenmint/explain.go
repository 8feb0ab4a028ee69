package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/internal/mint"
)

// explain is the command's flags.
type explain struct {
	caller, jwt, lambda, origin string
	scopes                      []string // nil: all that the profile has
	profile, config             string
}

func newExplain() *cobra.Command {
	var e explain
	cmd := &cobra.Command{
		Use:   "explain --caller ARN | --jwt JSON | --lambda JSON | --origin ORIGIN",
		Short: "Say which profile answers a caller, and why each other does not",
		Long: `explain decides as the mint does who may have what, and says why: a line for each profile and each of its rules.
It reads the configuration and nothing else. It ends with 0 when a profile answers, with 1 when none does.

--jwt takes the claims of a token's payload, --lambda what a Lambda authorizer returns as context. --origin is the web page that
asks; it may stand beside the others.`,
		Example: `  tokenmint explain --caller arn:aws:iam::123456789012:role/web-1
  tokenmint explain --jwt '{"groups":["maps"]}' --scopes styles:read,fonts:read --profile web-map`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&e.caller, "caller", "", "ARN of an IAM user or role, or of a role's session")
	flags.StringVar(&e.jwt, "jwt", "", "claims of a JWT, a JSON object")
	flags.StringVar(&e.lambda, "lambda", "", "context of a Lambda authorizer, a JSON object")
	flags.StringVar(&e.origin, "origin", "", "origin of the web page that asks, such as https://maps.example.com")
	flags.StringSliceVar(&e.scopes, "scopes", nil, "scopes that are asked for (default: all that the profile has)")
	flags.StringVar(&e.profile, "profile", "", "profile that is asked for by name (default: any)")
	flags.StringVar(&e.config, "config", "", "configuration file (default: the one compiled in)")
	return cmd
}

func (e explain) run(out io.Writer) error {
	event, err := e.event()
	if err != nil {
		return usageError(err)
	}
	cfg, err := loadConfig(e.config)
	if err != nil {
		return err
	}
	verdict := mint.Explain(cfg.Profiles, event, e.scopes, e.profile)
	fmt.Fprintln(out, "caller:", cmp.Or(verdict.Caller, "nobody whom an authorizer names"))
	for i, p := range verdict.Profiles {
		fmt.Fprintf(out, "profile %s: %s\n", p.Name, sentence(p, verdict))
		for n, misfit := range p.Misfits {
			if misfit == "" {
				misfit = "lets this caller in: " + cfg.Profiles[i].Allow[n].String()
			}
			fmt.Fprintf(out, "  rule %d: %s\n", n+1, misfit)
		}
	}
	if verdict.Refusal != nil {
		return fmt.Errorf("no profile answers: %w", verdict.Refusal)
	}
	return nil
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

// event makes the request that API Gateway would send to the mint, as far as the caller goes.
func (e explain) event() (event events.APIGatewayV2HTTPRequest, err error) {
	event.Headers = map[string]string{"origin": e.origin}
	authorizer := &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{}
	switch named := slices.DeleteFunc([]string{e.caller, e.jwt, e.lambda}, func(s string) bool { return s == "" }); {
	case len(named) == 0 && e.origin == "":
		return event, errors.New("say who calls: --caller, --jwt, --lambda or --origin")
	case len(named) > 1:
		return event, errors.New("--caller, --jwt and --lambda exclude each other: an API has one authorizer")
	case e.caller != "":
		if !strings.HasPrefix(e.caller, "arn:") {
			return event, fmt.Errorf("--caller is %q: it must be an ARN, such as arn:aws:iam::123456789012:role/web-1", e.caller)
		}
		authorizer.IAM = &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{UserARN: e.caller}
	case e.jwt != "":
		claims, err := claimsOf(e.jwt)
		if err != nil {
			return event, fmt.Errorf("--jwt: %w", err)
		}
		authorizer.JWT = &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: claims}
	case e.lambda != "":
		if err := json.Unmarshal([]byte(e.lambda), &authorizer.Lambda); err != nil {
			return event, errors.New("--lambda is not a JSON object")
		}
	}
	event.RequestContext.Authorizer = authorizer
	return event, nil
}

// claimsOf reads the claims of a JWT into the form in which an HTTP API passes them on: each is text, and the list ["a","b"]
// is the text "[a b]".
func claimsOf(text string) (map[string]string, error) {
	var claims map[string]any
	in := json.NewDecoder(strings.NewReader(text))
	in.UseNumber()
	if err := in.Decode(&claims); err != nil {
		return nil, errors.New("not a JSON object of claims, such as {\"groups\":[\"maps\"]}")
	}
	texts := make(map[string]string, len(claims))
	for name, value := range claims {
		switch value.(type) {
		case string, json.Number, bool, []any:
			texts[name] = fmt.Sprint(value) // of a list exactly that form
		default:
			return nil, fmt.Errorf("the claim %s is neither text, number, truth value nor a list", name)
		}
	}
	return texts, nil
}
