package tokens

import (
	"errors"
	"net/http"
	"net/url"
	"time"
)

const defaultBaseURL = "https://api.mapbox.com"

// Config says how a [Client] reaches the API. Its zero value is the real one with the usual patience.
type Config struct {
	BaseURL     string           // an http or https origin; "" = https://api.mapbox.com
	HTTPClient  *http.Client     // nil = one of our own; never follows a redirect, whatever it is set to
	Now         func() time.Time // compared with the rate limit's reset; nil = time.Now
	MaxAttempts int              // of one call, the first included; 0 = 4
	MaxWait     time.Duration    // for one retry, a longer one is not begun; 0 = 30s, negative = no retries
}

// Client calls the Tokens API. It is safe for concurrent use.
type Client struct {
	base        url.URL
	http        *http.Client
	now         func() time.Time
	maxAttempts int
	maxWait     time.Duration
}

// New returns a client, or an error that names the setting at fault. It dials nothing.
func New(config Config) (*Client, error) {
	base, err := parseOrigin(config.BaseURL)
	if err != nil {
		return nil, err
	}
	if config.MaxAttempts < 0 {
		return nil, errors.New("tokens: MaxAttempts is negative")
	}
	c := &Client{
		base:        base,
		http:        newHTTPClient(config.HTTPClient),
		now:         config.Now,
		maxAttempts: config.MaxAttempts,
		maxWait:     config.MaxWait,
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.maxAttempts == 0 {
		c.maxAttempts = 4
	}
	if c.maxWait == 0 {
		c.maxWait = 30 * time.Second
	}
	return c, nil
}

// parseOrigin reads a base URL. Its errors do not quote it, for it may hold what does not belong there.
func parseOrigin(text string) (url.URL, error) {
	if text == "" {
		text = defaultBaseURL
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return url.URL{}, errors.New("tokens: BaseURL is not a URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return url.URL{}, errors.New("tokens: BaseURL must begin with http:// or https:// and a host")
	case u.User != nil:
		return url.URL{}, errors.New("tokens: BaseURL must not hold user information")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return url.URL{}, errors.New("tokens: BaseURL must end after the host")
	}
	return url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
