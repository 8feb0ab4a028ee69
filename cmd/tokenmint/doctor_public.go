package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/tokenmint/tokenmint/config"
)

// checkPublic asks for the token of each public profile, as a program and as a page of each origin
// in the rules. It reads everything of the reply but the token.
func (e examination) checkPublic(ctx context.Context, origin string) {
	found := false
	for _, p := range e.config.Profiles {
		if !p.IsPublic() {
			continue
		}
		found = true
		path := "/public/tokens/" + p.Name
		e.visit(ctx, origin, path, "")
		for _, page := range pagesOf(p) {
			e.visit(ctx, origin, path, page)
		}
	}
	if !found {
		e.note("route /public/tokens/: no profile allows anyone, so it answers nobody")
	}
}

// pagesOf returns the origins in the profile's public rules that have no wildcard.
func pagesOf(p config.Profile) []string {
	var pages []string
	for _, rule := range p.Allow {
		for _, origin := range rule.Origins {
			if rule.Anyone && !strings.ContainsAny(origin.String(), "*?[") {
				pages = append(pages, origin.String())
			}
		}
	}
	return pages
}

// visit sends one request to the public route. page is the origin of the page, "" for none.
func (e examination) visit(ctx context.Context, origin, path, page string) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+path, nil)
	if err != nil {
		e.wrong("route %s: %v", path, err)
		return
	}
	who := "everybody"
	if page != "" {
		who = "pages of " + page
		request.Header.Set("Origin", page)
	}
	var reply struct{ Code string }
	status, header, err := roundTrip(request, &reply)
	switch {
	case err != nil:
		e.wrong("route %s: %v; is MINT_URL right, and does its name lead to the API?", path, err)
	case status == http.StatusNotFound && reply.Code == "":
		e.wrong("route %s: is gone (404); deploy again", path)
	case status == http.StatusNotFound || status == http.StatusForbidden:
		e.wrong("route %s: refuses %s (%d %s); the deployed policy is another one: deploy again",
			path, who, status, reply.Code)
	case status == http.StatusTooManyRequests || status >= 500:
		e.note("route %s: has no token now (%d %s); run doctor again", path, status, reply.Code)
	case status != http.StatusOK:
		e.wrong("route %s: answered %d; does MINT_URL lead to the API?", path, status)
	case page != "" && header.Get("Access-Control-Allow-Origin") != page:
		e.wrong("route %s: %s cannot read its reply: add this origin to PublicOrigins", path, who)
	default:
		e.ok("route %s: answers %s", path, who)
	}
}
