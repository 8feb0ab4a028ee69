package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
	"github.com/tokenmint/tokenmint/pkg/tokensource"
)

// A request may take as long as API Gateway lets it. A mint that is busy or fails is asked again.
const (
	tokenTimeout  = 30 * time.Second
	tokenPatience = time.Minute
)

// get asks the mint for a token. It says on log why it waits.
func (r tokenRequest) get(ctx context.Context, log io.Writer) (tokens.Token, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	options, err := r.options(ctx)
	if err != nil {
		return tokens.Token{}, err
	}
	options.OnError = func(e *tokensource.Error) {
		isBusy := e.Status >= 500 || e.Status == http.StatusTooManyRequests
		switch {
		case !isBusy || e.RetryAfter > tokenPatience:
			stop(e) // the next answer would be the same
		default:
			fmt.Fprintln(log, "tokenmint:", r.explain(e)+"; trying again")
		}
	}
	source, err := tokensource.New(options)
	if err != nil {
		return tokens.Token{}, r.failure(err)
	}
	token, _, err := source.Token(ctx)
	if ended, ok := errors.AsType[*tokensource.Error](context.Cause(ctx)); ok {
		err = ended
	}
	if err != nil {
		return tokens.Token{}, r.failure(err)
	}
	return token, nil
}

// options describes the request. Its client signs, unless the route wants no signature.
func (r tokenRequest) options(ctx context.Context) (tokensource.Options, error) {
	if err := r.checkGiven(); err != nil {
		return tokensource.Options{}, err
	}
	address, err := r.route()
	if err != nil {
		return tokensource.Options{}, err
	}
	options := tokensource.Options{
		URL:     address.String(),
		Profile: r.profile,
		Scopes:  r.scopes,
		TTL:     r.ttl,
		Timeout: tokenTimeout,
		Wait:    tokenPatience,
	}
	if _, err := tokensource.New(options); err != nil { // before anything else is looked up
		return options, r.failure(err)
	}
	switch {
	case r.bearerEnv != "":
		options.Authorization, err = r.bearer()
	case !isPublicRoute(address):
		options.Client, err = signingClient(ctx, address, r.getenv)
	}
	return options, err
}

// checkGiven refuses a flag that is given without a value. A variable of a pipeline that is not set
// must not ask for more than the flag would.
func (r tokenRequest) checkGiven() error {
	for flag, isEmpty := range map[string]bool{
		"profile": r.profile == "", "scopes": len(r.scopes) == 0, "url": r.url == "",
		"bearer-env": r.bearerEnv == "",
	} {
		if isEmpty && r.isGiven(flag) {
			return usageError(fmt.Errorf("--%s is empty: leave it out, or give it a value", flag))
		}
	}
	switch {
	case r.ttl < 0:
		return usageError(errors.New("--ttl is negative"))
	case r.ttl == 0 && r.isGiven("ttl"):
		return usageError(errors.New("--ttl is zero: leave it out, or write a time such as 15m"))
	}
	return nil
}

// bearer returns what sends the JWT.
func (r tokenRequest) bearer() (func(context.Context, bool) (string, error), error) {
	jwt := strings.TrimSpace(r.getenv(r.bearerEnv))
	scheme, rest, hasScheme := strings.Cut(jwt, " ")
	if hasScheme && strings.EqualFold(scheme, "Bearer") {
		jwt = strings.TrimSpace(rest)
	}
	switch {
	case jwt == "":
		return nil, fmt.Errorf("--bearer-env: the variable %s is not set or empty", r.bearerEnv)
	case strings.ContainsFunc(jwt, func(c rune) bool { return c <= ' ' || c > '~' }):
		return nil, fmt.Errorf("--bearer-env: the variable %s does not hold one JWT", r.bearerEnv)
	}
	return func(context.Context, bool) (string, error) { return "Bearer " + jwt, nil }, nil
}

// route returns the address of the route. MINT_URL and --url may be the address of the mint, as in
// the output of the stack, or the complete address of a route.
func (r tokenRequest) route() (*url.URL, error) {
	given := cmp.Or(r.url, r.getenv("MINT_URL"))
	if given == "" {
		return nil, errors.New("MINT_URL is not set: load the output Variables of the stack, or " +
			"give --url; see --help")
	}
	u, err := url.Parse(strings.TrimRight(given, "/"))
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s is not a complete address, such as https://mint.example.com",
			r.addressName())
	}
	isRoute := strings.HasSuffix(u.Path, "/tokens") || strings.Contains(u.Path, "/tokens/v2/")
	needsBearer := strings.Contains(u.Path, "/jwt/tokens") ||
		strings.Contains(u.Path, "/custom/tokens")
	switch {
	case isPublicRoute(u) && (r.asks() || r.bearerEnv != ""):
		return nil, usageError(errors.New("the public route takes no --profile, --scopes, --ttl " +
			"or --bearer-env: its address names the profile"))
	case isRoute && needsBearer && r.bearerEnv == "":
		return nil, usageError(errors.New("this route wants a bearer token: give --bearer-env " +
			"with the name of the variable that holds it"))
	case isRoute || isPublicRoute(u):
		return u, nil
	case r.bearerEnv != "":
		return u.JoinPath("jwt", "tokens"), nil
	}
	return u.JoinPath("tokens"), nil
}

func (r tokenRequest) asks() bool { return r.profile != "" || len(r.scopes) > 0 || r.ttl != 0 }

// addressName is where the address comes from.
func (r tokenRequest) addressName() string {
	if r.url != "" {
		return "--url"
	}
	return "MINT_URL"
}

func isPublicRoute(u *url.URL) bool { return strings.Contains(u.Path, "/public/tokens/") }
