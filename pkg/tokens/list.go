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

// SortBy is an order of a list.
type SortBy string

// The orders of a list.
const (
	SortByCreated  SortBy = "created"
	SortByModified SortBy = "modified"
)

// ListOptions narrows and orders a list. Its zero value is every permanent token, in the API's own order.
type ListOptions struct {
	Usage    Usage // public or secret; "" = both
	Default  *bool // only the account's default public token, or only the others; nil = both
	SortBy   SortBy
	PageSize int // tokens in a page; 0 = the API's own. Not together with Usage: Mapbox then answers [].
}

func (o ListOptions) query() (url.Values, error) {
	if o.PageSize < 0 {
		return nil, errors.New("PageSize is negative")
	}
	if o.PageSize > 0 && o.Usage != "" {
		return nil, errors.New("Usage and PageSize together: Mapbox answers such a list with nothing")
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

// List yields an account's permanent tokens, a page at a time as they are consumed; temporary tokens are
// never listed. An error is the last thing it yields, and means that the list is incomplete. auth needs
// tokens:read.
func (c *Client) List(
	ctx context.Context, auth Token, username string, opts ListOptions,
) iter.Seq2[Metadata, error] {
	return func(yield func(Metadata, error) bool) {
		k, err := c.newCall("list tokens", http.MethodGet, scopeTokensRead, auth, "tokens", "v2", username)
		if err != nil {
			yield(Metadata{}, err)
			return
		}
		query, err := opts.query()
		if err != nil {
			yield(Metadata{}, k.failed(DidNotHappen, err))
			return
		}
		k.url.RawQuery = query.Encode()
		seen := map[string]bool{} // queries
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

// yieldPage yields the tokens of a page, or its error. It reports whether to go on.
func (r *reply) yieldPage(yield func(Metadata, error) bool) bool {
	var page []metadataJSON
	if err := r.decode(&page); err != nil {
		yield(Metadata{}, err)
		return false
	}
	if page == nil {
		yield(Metadata{}, r.failed(Happened, errors.New("decode reply: null where a list should be")))
		return false
	}
	for _, row := range page {
		m, err := row.metadata()
		if err != nil {
			yield(Metadata{}, r.failed(Happened, err))
			return false
		}
		if !yield(m, nil) {
			return false
		}
	}
	return true
}

// nextPage returns the query of the page behind this one, and false when this is the last. A link holds
// the authorisation of the request that it answers, which is dropped. It must stay on our origin, for ours
// goes wherever it points, and on the path of this list: only the query differs from page to page.
func (r *reply) nextPage(seen map[string]bool) (query string, more bool, err error) {
	target, err := nextLink(r.header.Values("Link"))
	if err != nil {
		return "", false, r.failed(Happened, err)
	}
	if target == "" {
		return "", false, nil
	}
	link, err := r.url.Parse(target)
	if err != nil {
		return "", false, r.failed(Happened, errMalformedLink)
	}
	if link.Scheme != r.url.Scheme || !strings.EqualFold(link.Host, r.url.Host) {
		return "", false, r.failed(Happened, errors.New("the link to the next page leads to another origin"))
	}
	if link.Path != r.url.Path {
		return "", false, r.failed(Happened, errors.New("the link to the next page leads to another path"))
	}
	values := link.Query()
	values.Del("access_token")
	if query = values.Encode(); seen[query] {
		return "", false, r.failed(Happened, errors.New("the link to the next page leads back"))
	}
	return query, true, nil
}
