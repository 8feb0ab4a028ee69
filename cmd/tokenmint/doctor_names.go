package main

import (
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// checkParentName reports a parent whose secret is below the prefix of additional tokens. Rights on
// that prefix are for additional tokens, and the mint may read a part of it.
func (e examination) checkParentName() {
	name := e.settings.ParentSecretID
	if _, ofARN, ok := strings.Cut(name, ":secret:"); ok {
		name = ofARN
	}
	if prefix := config.SecretPrefix(e.settings.Stage); strings.HasPrefix(name, prefix) {
		e.wrong("secret: the parent is in %s, and names that begin with %s are for additional "+
			"tokens; move the parent to a secret with another name: see "+
			"docs/deploy.md#another-parent-secret", name, prefix)
	}
}

// checkName reports a secret that the functions may not use. The roles of the stack have rights on
// secrets by the beginning of their names. The services of dev have no roles.
func (e examination) checkName(subject string, t config.ManagedToken, name string) {
	if prefix := t.Prefix(e.settings.Stage); !strings.HasPrefix(name, prefix) &&
		!e.local {
		e.wrong("%s: its secret is %s, and the stack may use only names that begin with %s: "+
			"see docs/upgrade.md", subject, name, prefix)
	}
}

// checkServed reports a token that a profile gives to everybody, and that the mint refuses.
func (e examination) checkServed(subject string, t config.ManagedToken, c secrets.Credential) {
	gives := func(p config.Profile) bool { return p.Token == t.Name }
	if !c.Token.IsZero() && c.Token.Usage() != tokens.UsagePublic &&
		slices.ContainsFunc(e.config.Profiles, gives) {
		e.wrong("%s: a profile gives it to everybody, and its secret holds a token that is not "+
			"public (pk); replace it: tokenmint rotate --name %s --force", subject, t.Name)
	}
}
