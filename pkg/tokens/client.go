package tokens

import (
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	defaultBaseURL     = "https://api.mapbox.com"
	defaultMaxAttempts = 4
	defaultMaxWait     = 30 * time.Second
	ownUserAgent       = "tokenmint"
)

// Config says how a [Client] reaches the API. The zero value is ready to use.
type Config struct {
	// BaseURL is the API's origin, with http or https and without a path. "" means
	// https://api.mapbox.com.
	BaseURL string
	// HTTPClient sends the requests. nil means a client of this package's own, with timeouts. The
	// client copies the value and never follows a redirect.
	HTTPClient *http.Client
	// UserAgent names the calling program, such as "shop/1.2". The header User-Agent contains this
	// text, and then "tokenmint". It is printable ASCII; "" means "tokenmint" alone.
	UserAgent string
	// Now is the clock that is compared with a rate limit's reset. nil means time.Now.
	Now func() time.Time
	// MaxAttempts limits the attempts of one call, including the first one. 0 means 4.
	MaxAttempts int
	// MaxWait limits the wait before one repetition. 0 means 30 s. A negative value means that
	// nothing is repeated.
	MaxWait time.Duration
}

// Client calls the Tokens API. It is safe for concurrent use. Create it with [New].
type Client struct {
	base        url.URL
	http        *http.Client
	userAgent   string
	now         func() time.Time
	maxAttempts int
	maxWait     time.Duration
	lastLimit   atomic.Pointer[RateLimit] // nil before the first reply with a rate limit
}

// New returns a client. Its error names the wrong field and does not show the field's value. New
// opens no connection and reads no environment variable; a request uses the proxy variables.
func New(config Config) (*Client, error) {
	base, err := parseOrigin(config.BaseURL)
	if err != nil {
		return nil, err
	}
	if config.MaxAttempts < 0 {
		return nil, errors.New("tokens: MaxAttempts is negative")
	}
	if !printable(config.UserAgent) {
		return nil, errors.New("tokens: UserAgent must be printable ASCII")
	}
	c := &Client{
		base:        base,
		http:        newHTTPClient(config.HTTPClient),
		userAgent:   ownUserAgent,
		now:         config.Now,
		maxAttempts: config.MaxAttempts,
		maxWait:     config.MaxWait,
	}
	if config.UserAgent != "" {
		c.userAgent = config.UserAgent + " " + ownUserAgent
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.maxAttempts == 0 {
		c.maxAttempts = defaultMaxAttempts
	}
	if c.maxWait == 0 {
		c.maxWait = defaultMaxWait
	}
	return c, nil
}

// parseOrigin reads a base URL. Its errors do not quote the URL, which may contain a secret.
func parseOrigin(text string) (url.URL, error) {
	if text == "" {
		text = defaultBaseURL
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return url.URL{}, errors.New("tokens: BaseURL is not a URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return url.URL{}, errors.New(
			"tokens: BaseURL must start with http:// or https:// and a host")
	case u.User != nil:
		return url.URL{}, errors.New("tokens: BaseURL must not contain user information")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return url.URL{}, errors.New("tokens: BaseURL must end after the host")
	}
	return url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// printable reports whether text can be the value of a header: ASCII without control characters.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
