package tokens

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// SortBy is the order of a list.
type SortBy string

// The orders of a list.
const (
	SortByCreated  SortBy = "created"  // by Metadata.Created
	SortByModified SortBy = "modified" // by Metadata.Modified
)

// ListOptions selects and orders the tokens of a list. The zero value lists every permanent token
// in the API's own order.
type ListOptions struct {
	// Usage selects public or secret tokens. "" means both.
	Usage Usage
	// Default selects the account's default public token (true) or all others (false). nil means
	// both.
	Default *bool
	// SortBy orders the list. "" means the API's own order.
	SortBy SortBy
	// PageSize is the number of tokens in one reply. 0 means the API's own number. It is an error
	// together with Usage, because Mapbox then answers with an empty list (recorded).
	PageSize int
}

func (o ListOptions) query() (url.Values, error) {
	if o.PageSize < 0 {
		return nil, errors.New("PageSize is negative")
	}
	if o.PageSize > 0 && o.Usage != "" {
		return nil, errors.New(
			"Usage and PageSize are both set: Mapbox would answer with an empty list")
	}
	query := url.Values{}
	if o.Usage != "" {
		query.Set("usage", string(o.Usage))
	}
	if o.Default != nil {
		query.Set("default", strconv.FormatBool(*o.Default))
	}
	if o.SortBy != "" {
		query.Set("sortby", string(o.SortBy))
	}
	if o.PageSize > 0 {
		query.Set("limit", strconv.Itoa(o.PageSize))
	}
	return query, nil
}

// List yields the account's permanent tokens. Temporary tokens are never listed. auth needs
// tokens:read.
//
// List requests a page when the loop reaches it. An error is the last pair, and its Metadata is
// zero. It means that the list is incomplete. Each loop over the result starts a new list. For the
// retry rules, each page is one call.
func (c *Client) List(
	ctx context.Context, auth Auth, opts ListOptions,
) iter.Seq2[Metadata, error] {
	return func(yield func(Metadata, error) bool) {
		k, err := c.newCall("list tokens", http.MethodGet, scopeTokensRead,
			auth.Token, "tokens", "v2", auth.Username)
		if err != nil {
			yield(Metadata{}, err)
			return
		}
		query, err := opts.query()
		if err != nil {
			yield(Metadata{}, k.failed(OutcomeDidNotHappen, err))
			return
		}
		k.url.RawQuery = query.Encode()
		seen := map[string]bool{} // the queries of the pages so far
		for more := true; more; {
			seen[k.url.RawQuery] = true
			r, err := c.do(ctx, k)
			if err != nil {
				yield(Metadata{}, err)
				return
			}
			if !r.yieldPage(yield) {
				return
			}
			if k.url.RawQuery, more, err = r.nextPage(seen); err != nil {
				yield(Metadata{}, err)
				return
			}
		}
	}
}

// yieldPage yields the tokens of a page, or an error. It reports whether to request the next page.
func (r *reply) yieldPage(yield func(Metadata, error) bool) bool {
	var page []metadataJSON
	if err := r.decode(&page); err != nil {
		yield(Metadata{}, err)
		return false
	}
	if page == nil {
		yield(Metadata{}, r.failed(OutcomeHappened, errNullList))
		return false
	}
	for _, row := range page {
		m, err := row.metadata()
		if err != nil {
			yield(Metadata{}, r.failed(OutcomeHappened, err))
			return false
		}
		if !yield(m, nil) {
			return false
		}
	}
	return true
}

var (
	errLinkOrigin = errors.New("the link to the next page has another origin")
	errLinkPath   = errors.New("the link to the next page has another path")
	errLinkLoop   = errors.New("the link to the next page repeats an earlier page")
)

// nextPage returns the query of the next page, or false when this page is the last. The link
// contains the authorizing token, which is removed. The link must stay on the same origin, because
// the client sends the token there. The link must stay on the same path, because only the query
// differs between pages.
func (r *reply) nextPage(seen map[string]bool) (query string, more bool, err error) {
	target, err := nextLink(r.header.Values("Link"))
	if err != nil {
		return "", false, r.failed(OutcomeHappened, err)
	}
	if target == "" {
		return "", false, nil
	}
	link, err := r.url.Parse(target)
	if err != nil {
		return "", false, r.failed(OutcomeHappened, errMalformedLink)
	}
	if link.Scheme != r.url.Scheme || !strings.EqualFold(link.Host, r.url.Host) {
		return "", false, r.failed(OutcomeHappened, errLinkOrigin)
	}
	if link.Path != r.url.Path {
		return "", false, r.failed(OutcomeHappened, errLinkPath)
	}
	values := link.Query()
	values.Del("access_token")
	if query = values.Encode(); seen[query] {
		return "", false, r.failed(OutcomeHappened, errLinkLoop)
	}
	return query, true, nil
}
