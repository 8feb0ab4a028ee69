package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
)

// hint says what to try. Its first command gets a token, whatever the configuration is.
func (d dev) hint(lines variables, cfg *config.Config) string {
	url := lines.get("MINT_URL")
	intro, flags := tryAs(cfg)
	hint := "\nReady; Ctrl-C stops. In another terminal:\n" + intro +
		"  curl -sS -X POST " + url + "/tokens" + flags + " -d '{}'\n"
	if !d.live {
		hint += "  curl -sS -X POST '" + url + "/_dev/rotate?force=true'\n" +
			"  curl -sS " + lines.get("TOKENS_API_URL") + "/_sim/calls\n"
	}
	return hint + "\n"
}

// tryAs returns the flags of curl by which a profile answers, and what to say about them. None are needed when a rule
// allows the caller whom dev adds by itself.
func tryAs(cfg *config.Config) (intro, flags string) {
	if answers(cfg, mint.Who{ARN: devCaller}) != "" {
		return "", ""
	}
	intro = "  No rule allows the caller that dev adds. A profile answers it with this rule under allow:\n" +
		"    - iam: \"" + devCaller + "\"\n"
	for _, p := range cfg.Profiles {
		for _, rule := range p.Allow {
			for _, who := range callersFor(rule) {
				flags, ok := curlFlags(who)
				if profile := answers(cfg, who); ok && profile != "" {
					return intro + "  Or name another caller, as here, whom profile " + profile + " answers:\n", flags
				}
			}
		}
	}
	return intro + "  Or name another caller, of your own rules, in the place of this one:\n",
		` -H 'X-Dev-Authorizer: {"iam":{"userArn":"` + devCaller + `"}}'`
}

// answers returns the profile that answers the caller, by the mint's own decision, or "".
func answers(cfg *config.Config, who mint.Who) string {
	verdict, err := mint.Explain(cfg.Profiles, who, nil, "")
	if err != nil {
		return ""
	}
	return verdict.Profile
}

// callersFor makes up callers whom the rule may describe: its patterns, with something in the place of each wildcard.
func callersFor(rule config.Rule) []mint.Who {
	var who mint.Who
	if len(rule.Origins) > 0 {
		who.Origin = sample(rule.Origins[0].String())
	}
	switch {
	case rule.IAM != nil:
		who.ARN = sampleARN(rule.IAM.String())
	case len(rule.JWT) > 0:
		flat, deep := who, who
		flat.JWT, deep.JWT = marshal(samples(rule.JWT)), marshal(nested(samples(rule.JWT)))
		return []mint.Who{deep, flat}
	case len(rule.Lambda) > 0:
		who.Lambda = marshal(samples(rule.Lambda))
	case rule.Anyone:
		who.ARN = devCaller
	}
	return []mint.Who{who}
}

func samples(patterns map[string]config.Pattern) map[string]string {
	values := make(map[string]string, len(patterns))
	for name, pattern := range patterns {
		values[name] = sample(pattern.String())
	}
	return values
}

// nested makes objects of dotted names: realm_access.roles is the member roles of realm_access.
func nested(flat map[string]string) map[string]any {
	root := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		parts := strings.Split(name, ".")
		object := root
		for _, part := range parts[:len(parts)-1] {
			inner, ok := object[part].(map[string]any)
			if !ok {
				inner = map[string]any{}
				object[part] = inner
			}
			object = inner
		}
		object[parts[len(parts)-1]] = flat[name]
	}
	return root
}

func sample(pattern string) string { return strings.NewReplacer("*", "dev", "?", "x").Replace(pattern) }

// sampleARN puts digits where an account is open.
func sampleARN(pattern string) string {
	parts := strings.SplitN(pattern, ":", 6)
	for i := range parts {
		if i == 4 {
			parts[i] = strings.NewReplacer("*", "000000000000", "?", "0").Replace(parts[i])
		} else {
			parts[i] = sample(parts[i])
		}
	}
	return strings.Join(parts, ":")
}

// curlFlags describes a caller to dev. What a shell's quotes cannot hold has no flags.
func curlFlags(who mint.Who) (flags string, ok bool) {
	authorizer := map[string]any{}
	switch {
	case who.JWT != nil:
		authorizer["jwt"] = map[string]any{"claims": who.JWT}
	case who.Lambda != nil:
		authorizer["lambda"] = who.Lambda
	case who.ARN != "" && who.ARN != devCaller:
		authorizer["iam"] = map[string]string{"userArn": who.ARN}
	}
	if len(authorizer) > 0 {
		flags += " -H 'X-Dev-Authorizer: " + string(marshal(authorizer)) + "'"
	}
	if who.Origin != "" {
		flags += " -H 'Origin: " + who.Origin + "'"
	}
	return flags, !strings.Contains(string(marshal(authorizer))+who.Origin, "'")
}
