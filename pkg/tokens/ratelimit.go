package tokens

import (
	"net/http"
	"strconv"
	"time"
)

// RateLimit is what a reply says about the account's rate limit. Each field is zero when the reply
// does not have its header. Mapbox documents no header for the number of requests that are left.
type RateLimit struct {
	Limit    int           // requests in one interval: X-Rate-Limit-Limit
	Interval time.Duration // length of an interval: X-Rate-Limit-Interval, whole seconds
	Reset    time.Time     // end of the current interval: X-Rate-Limit-Reset, whole seconds
}

// RateLimit returns the rate limit in the last reply that had one, whether the call succeeded or
// not. It returns the zero value before the first such reply. Calls may run at the same time: the
// reply that arrived last counts. Mapbox limits each account by itself, so use one client for each
// account if you read this value.
func (c *Client) RateLimit() RateLimit {
	if last := c.lastLimit.Load(); last != nil {
		return *last
	}
	return RateLimit{}
}

// noteLimit keeps the rate limit of a reply, if the reply has one.
func (c *Client) noteLimit(header http.Header) {
	if limit := rateLimitOf(header); limit != (RateLimit{}) {
		c.lastLimit.Store(&limit)
	}
}

// rateLimitOf reads the rate limit from a reply's headers. It ignores a header that it cannot read.
func rateLimitOf(header http.Header) RateLimit {
	var limit RateLimit
	const most = int64(1<<63-1) / int64(time.Second) // more seconds do not fit into a Duration
	if n, ok := positive(header, "X-Rate-Limit-Limit"); ok && n <= 1<<31-1 {
		limit.Limit = int(n)
	}
	if n, ok := positive(header, "X-Rate-Limit-Interval"); ok && n <= most {
		limit.Interval = time.Duration(n) * time.Second
	}
	if n, ok := positive(header, "X-Rate-Limit-Reset"); ok {
		limit.Reset = time.Unix(n, 0)
	}
	return limit
}

func positive(header http.Header, name string) (int64, bool) {
	n, err := strconv.ParseInt(header.Get(name), 10, 64)
	return n, err == nil && n > 0
}
