package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ParseOriginPattern checks a pattern for the origin of a web page, in the form that browsers send:
// https://, a host in small letters, and a port unless it is 443. localhost and 127.0.0.1 may have
// http://.
// Source: https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
func ParseOriginPattern(text string) (Pattern, error) {
	problem := originProblem(text)
	if problem == "" {
		return ParsePattern(text)
	}
	if form := originForm(text); form != text && originProblem(form) == "" {
		return Pattern{}, fmt.Errorf("%q is not an origin as browsers send it: %s; write %s", text,
			problem, form)
	}
	return Pattern{}, fmt.Errorf("%q is not an origin as browsers send it: %s", text, problem)
}

// originProblem says what is wrong with a pattern for an origin, "" if nothing is.
func originProblem(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	host, port, hasPort := strings.Cut(rest, ":")
	local := host == "localhost" || host == "127.0.0.1"
	switch {
	case !ok || scheme != "https" && scheme != "http":
		return "write https://, a host and, if needed, a port"
	case strings.ContainsAny(rest, "/?#@ \\[]"):
		return "it ends with the host or the port, and * is the only wildcard"
	case scheme == "http" && !local:
		return "http:// is for http://localhost and http://127.0.0.1 only, with any port"
	case hasPort && (scheme == "https" && port == "443" || scheme == "http" && port == "80"):
		return "browsers do not send the default port"
	case hasPort && port != "*" && !isPort(port):
		return "the port is a number up to 65535, or * for any port"
	}
	return hostProblem(host)
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && port[0] != '0' && port[0] != '+'
}

// hostProblem says what is wrong with a pattern for a host, "" if nothing is.
func hostProblem(host string) string {
	labels := strings.Split(host, ".")
	switch {
	case strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.*") != "":
		return "a host has small letters of ASCII; write other letters in punycode, " +
			"such as xn--bcher-kva.example"
	case slices.Contains(labels, ""):
		return "the host has an empty part, or ends with a dot"
	case strings.Trim(labels[len(labels)-1], digits) == "":
		if ip, err := netip.ParseAddr(host); err != nil || ip.String() != host {
			return "an IP address has four numbers up to 255"
		}
	}
	return wildcardProblem(host)
}

// wildcardProblem refuses a wildcard that matches hosts of strangers. A wildcard also matches dots,
// so only the fixed end of a host shows its owner. The end needs two names, or three if strangers
// share the last two.
func wildcardProblem(host string) string {
	last := strings.LastIndex(host, "*")
	if last < 0 {
		return ""
	}
	_, end, _ := strings.Cut(host[last:], ".")
	if !strings.Contains(end, ".") || isShared(end) {
		return "the wildcard is too wide, because it also matches dots; " +
			"end with your own domain, as in https://*.example.com"
	}
	return ""
}

// isShared reports whether strangers can have a name below a domain of two names, such as co.uk or
// vercel.app. The list has the common providers of web pages, since no list has all.
func isShared(domain string) bool {
	name, top, _ := strings.Cut(domain, ".")
	ofCountries := []string{"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"}
	providers := []string{
		"amplifyapp.com", "azurestaticapps.net", "azurewebsites.net", "cloudfront.net",
		"firebaseapp.com", "fly.dev", "github.io", "gitlab.io", "herokuapp.com", "netlify.app",
		"onrender.com", "pages.dev", "run.app", "vercel.app", "web.app", "workers.dev",
	}
	return len(top) == 2 && slices.Contains(ofCountries, name) || slices.Contains(providers, domain)
}

// originForm returns the origin that a browser would send for a text that a person wrote.
func originForm(text string) string {
	scheme, rest, ok := strings.Cut(strings.ToLower(strings.TrimSpace(text)), "://")
	if !ok {
		return text
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	rest = rest[strings.LastIndex(rest, "@")+1:]
	host, port, _ := strings.Cut(rest, ":")
	host = strings.TrimSuffix(host, ".")
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" || port == "" {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + strings.TrimLeft(port, "0")
}
