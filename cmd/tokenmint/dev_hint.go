package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
)

// hint returns commands to try. The first command gets a token with most configurations.
func (d dev) hint(lines variables, cfg *config.Config) string {
	url := lines.get("MINT_URL")
	intro, request := tryAs(cfg)
	hint := "\nReady; Ctrl-C stops. See what happens in a browser: " + url + "/_dev/\n" +
		"In another terminal:\n" + intro +
		"  curl -sS " + strings.Replace(request, "/", url+"/", 1) + "\n"
	if !d.live {
		hint += "  curl -sS -X POST '" + url + "/_dev/rotate?force=true'\n" +
			"  curl -sS " + lines.get("TOKENS_API_URL") + "/_sim/calls\n"
	}
	return hint + "\n"
}

// tryAs returns the arguments of curl for a request that a profile answers, without the origin of
// the mint, and a sentence about the caller. The sentence is empty when a rule allows the default
// caller of dev.
func tryAs(cfg *config.Config) (intro, request string) {
	if answers(cfg, mint.Who{ARN: devCaller}) != "" {
		return "", "-X POST /tokens -d '{}'"
	}
	intro = "  No rule allows the default caller of dev. To allow it, add this rule to a " +
		"profile's allow:\n" +
		"    - iam: \"" + devCaller + "\"\n"
	for _, p := range cfg.Profiles {
		for _, rule := range p.Allow {
			for _, who := range callersFor(rule) {
				profile := answers(cfg, who)
				if request, ok := curlArguments(who, profile); ok && profile != "" {
					return intro + "  Or name another caller. " +
						"Profile " + profile + " allows this one:\n", request
				}
			}
		}
	}
	return intro + "  Or replace the caller in this command with one that your rules allow:\n",
		`-X POST /tokens -H 'X-Dev-Authorizer: {"iam":{"userArn":"` + devCaller + `"}}' -d '{}'`
}

// answers returns the profile that the mint would choose for the caller, or "" for none.
func answers(cfg *config.Config, who mint.Who) string {
	verdict, err := mint.Explain(cfg.Profiles, who, nil, "")
	if err != nil {
		return ""
	}
	return verdict.Profile
}

// callersFor returns invented callers that the rule may allow. It replaces each wildcard in the
// rule's patterns with text.
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

// nested turns dotted names into objects: realm_access.roles becomes member roles of realm_access.
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

func sample(pattern string) string {
	return strings.NewReplacer("*", "dev", "?", "x").Replace(pattern)
}

// sampleARN replaces wildcards in the account number with digits, and other wildcards with text.
func sampleARN(pattern string) string {
	parts := strings.SplitN(pattern, ":", 6)
	for i := range parts {
		switch i {
		case 1: // the partition
			parts[i] = strings.Replace(parts[i], "*", "aws", 1)
		case 4:
			parts[i] = strings.NewReplacer("*", "000000000000", "?", "0").Replace(parts[i])
		default:
			parts[i] = sample(parts[i])
		}
	}
	return strings.Join(parts, ":")
}

// curlArguments returns the arguments for a request of this caller to dev. It returns false if a
// quote in the caller's data would end the quotes of the shell.
func curlArguments(who mint.Who, profile string) (arguments string, ok bool) {
	method, path, authorizer := requestOf(who, profile)
	request, body := path, ""
	if method == http.MethodPost {
		request, body = "-X POST "+path, " -d '{}'"
	}
	if len(authorizer) > 0 {
		request += " -H 'X-Dev-Authorizer: " + string(marshal(authorizer)) + "'"
	}
	if who.Origin != "" {
		request += " -H 'Origin: " + who.Origin + "'"
	}
	return request + body, !strings.Contains(string(marshal(authorizer))+who.Origin, "'")
}

// requestOf returns the request of this caller: its method, its path, and what X-Dev-Authorizer
// says, which is empty on the public route.
func requestOf(who mint.Who, profile string) (method, path string, authorizer map[string]any) {
	switch who.Route() {
	case config.RouteJWT:
		return http.MethodPost, "/jwt/tokens",
			map[string]any{"jwt": map[string]any{"claims": who.JWT}}
	case config.RouteCustom:
		return http.MethodPost, "/custom/tokens", map[string]any{"lambda": who.Lambda}
	case config.RoutePublic:
		return http.MethodGet, "/public/tokens/" + profile, nil
	default:
		return http.MethodPost, "/tokens",
			map[string]any{"iam": map[string]string{"userArn": who.ARN}}
	}
}
