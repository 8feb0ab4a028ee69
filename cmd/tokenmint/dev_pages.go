package main

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/tokenmint/tokenmint/config"
)

// Any web page that a browser on this machine shows can send requests to dev. A browser marks them: Origin says which
// page sends, and Sec-Fetch-Site how far it is from here. Programs such as curl send neither, and may do all.

// pages knows which web pages may call the mint and the simulator of Mapbox: those that this machine serves, as a map
// that is being built comes from a port of its own, and those that the configuration names.
type pages struct{ profiles []config.Profile }

// api guards what pages are meant to call, and lets them read the answers, as API Gateway does for the template's
// AllowedOrigins. Only a POST has an effect; the rest goes on, without the right to read the answer.
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
			header.Set("Access-Control-Allow-Methods", http.MethodPost)
			header.Set("Access-Control-Allow-Headers", "authorization,content-type,x-amz-date,x-amz-security-token,x-amz-content-sha256,x-dev-authorizer")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// simulator guards the Tokens API of the simulator, whose real counterpart lets any page read its answers.
func (p pages) simulator(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isFromPage(r) && !p.known(r.Header.Get("Origin")) {
			refusePage(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// noOtherPages guards what steers dev, and the secrets: of all pages, only those of this very server may call it.
func noOtherPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isFromPage(r) && !isOwnPage(r) {
			refusePage(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p pages) known(origin string) bool { return isOfThisMachine(origin) || p.listed(origin) }

// listed reports whether a rule of the configuration names the origin.
func (p pages) listed(origin string) bool {
	return origin != "" && slices.ContainsFunc(p.profiles, func(profile config.Profile) bool {
		return slices.ContainsFunc(profile.Allow, func(rule config.Rule) bool {
			return slices.ContainsFunc(rule.Origins, func(o config.Pattern) bool { return o.Match(origin) })
		})
	})
}

// isFromPage reports whether a browser marks the request as one of a page of another origin. "none" is a person's own
// doing, such as an address that they type.
func isFromPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") != "" || site != "" && site != "same-origin" && site != "none"
}

// isOwnPage reports whether the page was served from the address that it calls. The address must be local: a page can let
// its own name resolve to 127.0.0.1, and would call itself.
func isOwnPage(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return isOfThisMachine(origin) && origin == "http://"+r.Host
}

// isOfThisMachine reports whether an origin is a page's that this machine serves.
func isOfThisMachine(origin string) bool {
	page, err := url.Parse(origin)
	if err != nil || page.Scheme != "http" && page.Scheme != "https" {
		return false
	}
	return isLocalHost(page.Hostname()) && origin == page.Scheme+"://"+page.Host
}

// refusePage answers in the form of the mint's own refusals.
func refusePage(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusForbidden, map[string]string{
		"message": "dev refuses this web page: serve it from localhost, or name its origin in the configuration",
		"code":    "caller_not_allowed", "request_id": newID(),
	})
}
