package main

import (
	"net/http"
	"net/url"
)

// withPages lets web pages that are served from this machine read the answers, as API Gateway does for the template's AllowedOrigins: a
// map that is being built comes from a port of its own. Pages from elsewhere stay shut out.
func withPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if !isOfThisMachine(origin) {
			next.ServeHTTP(w, r)
			return
		}
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Vary", "Origin")
		header.Set("Access-Control-Expose-Headers", "retry-after")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			header.Set("Access-Control-Allow-Methods", http.MethodPost)
			header.Set("Access-Control-Allow-Headers", "authorization,content-type,x-amz-date,x-amz-security-token,x-amz-content-sha256,x-dev-authorizer")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOfThisMachine reports whether an origin is a page's that this machine serves.
func isOfThisMachine(origin string) bool {
	page, err := url.Parse(origin)
	if err != nil {
		return false
	}
	switch page.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return page.Scheme == "http" || page.Scheme == "https"
	}
	return false
}
