package mapbox

import (
	"net/url"
	"strings"
)

// servesPage reports whether the token works on the page that the request names in its Referer. A
// token without allowed URLs works everywhere.
func (b bearer) servesPage(referer string) bool {
	if len(b.urls) == 0 {
		return true
	}
	page, err := url.Parse(referer)
	if err != nil || page.Host == "" {
		return false
	}
	for _, allowed := range b.urls {
		if covers(allowed, page) {
			return true
		}
	}
	return false
}

// covers reports whether an allowed URL covers a page: the same host and port, the same scheme if
// the URL has one, and a path that begins with the parts of the URL's path.
func covers(allowed string, page *url.URL) bool {
	scheme, rest, ok := strings.Cut(allowed, "://")
	if !ok {
		scheme, rest = page.Scheme, allowed
	}
	host, path, _ := strings.Cut(rest, "/")
	path = strings.TrimSuffix("/"+path, "/") + "/"
	return strings.EqualFold(scheme, page.Scheme) && strings.EqualFold(host, page.Host) &&
		strings.HasPrefix(strings.TrimSuffix(page.Path, "/")+"/", path)
}
