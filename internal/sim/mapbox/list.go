package mapbox

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pageSize is the size of a page if the query has no limit. Mapbox does not document its own.
const pageSize = 100

// list answers a page of an account's tokens, oldest first.
func (s *Simulator) list(req request, a *account) reply {
	q, bad := readListing(req)
	if bad != nil {
		return *bad
	}
	if q.usage != "" && req.query.Has("limit") {
		return answer(http.StatusOK, []tokenBody{}) // a bug of Mapbox's (recorded traffic)
	}
	tokens := slices.DeleteFunc(a.oldestFirst(), func(t *permanent) bool {
		return t.Listed.After(s.now()) ||
			q.usage != "" && t.Usage != q.usage ||
			q.def != nil && t.Default != *q.def
	})
	if q.byModified {
		slices.SortStableFunc(tokens, func(x, y *permanent) int {
			return x.Modified.Compare(y.Modified)
		})
	}
	if q.start != "" {
		if tokens, bad = q.after(tokens); bad != nil {
			return *bad
		}
	}
	page := tokens[:min(q.limit, len(tokens))]
	rows := make([]tokenBody, len(page))
	for i, t := range page {
		rows[i] = s.show(a, t)
	}
	ans := answer(http.StatusOK, rows)
	if len(page) < len(tokens) {
		ans.header.Set("Link", req.nextPage(page[len(page)-1].ID))
	}
	return ans
}

// listing is the query of a list.
type listing struct {
	usage      string
	def        *bool
	byModified bool
	limit      int
	start      string
}

func readListing(req request) (listing, *reply) {
	q := listing{usage: req.query.Get("usage"), limit: pageSize, start: req.query.Get("start")}
	if req.query.Has("usage") && q.usage != public && q.usage != secret {
		return q, new(unprocessable("usage must be pk or sk"))
	}
	switch sort := req.query.Get("sortby"); sort {
	case "", "created", "modified":
		q.byModified = sort == "modified"
	default:
		return q, new(unprocessable("sortby must be created or modified"))
	}
	switch def := req.query.Get("default"); def {
	case "":
	case "true", "false":
		q.def = new(def == "true")
	default:
		return q, new(unprocessable("default must be true or false"))
	}
	if req.query.Has("limit") {
		n, err := strconv.Atoi(req.query.Get("limit"))
		if err != nil || n < 1 {
			return q, new(unprocessable("limit must be a positive integer"))
		}
		q.limit = n
	}
	return q, nil
}

// after returns the tokens after q.start, which is an id. That token may be deleted, because a
// client may delete tokens while it lists. A malformed start gives 500, as at Mapbox.
func (q listing) after(tokens []*permanent) ([]*permanent, *reply) {
	if q.byModified {
		if i := slices.IndexFunc(tokens,
			func(t *permanent) bool { return t.ID == q.start }); i >= 0 {
			return tokens[i+1:], nil
		}
	} else if len(q.start) == idLength && strings.HasPrefix(q.start, "c") {
		byID := func(t *permanent, id string) int { return cmp.Compare(t.ID, id) }
		i, found := slices.BinarySearchFunc(tokens, q.start, byID)
		if found {
			i++
		}
		return tokens[i:], nil
	}
	return nil, new(refuse(http.StatusInternalServerError, "Internal Server Error"))
}

// nextPage returns a Link header. As at Mapbox, the link repeats the query with its access_token.
// Of a repeated parameter, the link has only the first value. Mapbox's SDK adds its token to the
// link's token, so the address would grow with each page.
func (req request) nextPage(start string) string {
	next := make(url.Values, len(req.query)+1)
	for name := range req.query {
		next.Set(name, req.query.Get(name))
	}
	next.Set("start", start)
	return "<" + req.origin + "/tokens/v2/" + req.username + "?" + next.Encode() + `>; rel="next"`
}
