package main

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/tokenmint/tokenmint/config"
)

// Every web page in a browser on this machine can send requests to dev. The browser adds headers:
// Origin names the page's origin, and Sec-Fetch-Site says how it relates to the server. Programs
// such as curl send neither header. dev allows them everything.

// pages says which web pages may call the mint and the Mapbox simulator: pages from this machine,
// such as those of a development server, and pages from the origins in the configuration.
type pages struct{ profiles []config.Profile }

// api lets known pages call the API and read the replies (CORS). API Gateway does the same for the
// template's AllowedOrigins. It refuses a POST from any other page. Other methods have no effect,
// so they pass, but the page cannot read the reply.
func (p pages) api(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if !p.known(origin) {
			if r.Method == http.MethodPost && isFromPage(r) {
				refusePage(w)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Vary", "Origin")
		header.Set("Access-Control-Expose-Headers", "age,retry-after")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			header.Set("Access-Control-Allow-Methods", "GET,POST")
			header.Set("Access-Control-Allow-Headers", corsHeaders)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// corsHeaders are the request headers that a page may set.
const corsHeaders = "authorization,content-type,x-amz-date,x-amz-security-token," +
	"x-amz-content-sha256,x-dev-authorizer"

// simulator lets only known pages call the simulated Tokens API. The simulator itself lets any page
// read its replies, as Mapbox does.
func (p pages) simulator(next http.Handler) http.Handler {
	return onlyPages(next, func(r *http.Request) bool { return p.known(r.Header.Get("Origin")) })
}

// noOtherPages lets only pages from this very server call it. It protects the secrets and the
// management of dev and of the simulator.
func noOtherPages(next http.Handler) http.Handler { return onlyPages(next, isOwnPage) }

// onlyPages refuses a request of a page that is not allowed. It passes requests of programs.
func onlyPages(next http.Handler, allowed func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isFromPage(r) && !allowed(r) {
			refusePage(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p pages) known(origin string) bool { return isLocalOrigin(origin) || p.listed(origin) }

// listed reports whether a rule in the configuration names the origin.
func (p pages) listed(origin string) bool {
	return origin != "" && slices.ContainsFunc(p.profiles, func(profile config.Profile) bool {
		return slices.ContainsFunc(profile.Allow, func(rule config.Rule) bool {
			return slices.ContainsFunc(rule.Origins, func(pattern config.Pattern) bool {
				return pattern.Match(origin)
			})
		})
	})
}

// isFromPage reports whether the browser's headers name a page of another origin. The value "none"
// means that no page sent the request. The user may have typed the address.
func isFromPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") != "" || site != "" && site != "same-origin" && site != "none"
}

// isOwnPage reports whether the page comes from the address that it calls. The address must be
// local: a hostile page can let its own name resolve to 127.0.0.1.
func isOwnPage(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return isLocalOrigin(origin) && origin == "http://"+r.Host
}

// isLocalOrigin reports whether this machine serves the pages of the origin.
func isLocalOrigin(origin string) bool {
	page, err := url.Parse(origin)
	if err != nil || page.Scheme != "http" && page.Scheme != "https" {
		return false
	}
	return isLocalHost(page.Hostname()) && origin == page.Scheme+"://"+page.Host
}

// refusePage replies in the form of the mint's refusals.
func refusePage(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusForbidden, map[string]string{
		"message": "dev refuses this web page: serve it from localhost, or name its origin in " +
			"the configuration",
		"code": "caller_not_allowed", "request_id": newID(),
	})
}
