package mapbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// The names of the operations in the call log and in faults. An unknown address has the empty name.
const (
	OpList            = "list"
	OpCreate          = "create"
	OpCreateTemporary = "create-temporary"
	OpUpdate          = "update"
	OpDelete          = "delete"
	OpRetrieve        = "retrieve"
	OpScopes          = "scopes"

	// of other APIs, for the pages that tokens are for
	OpStyle      = "style"
	OpSprite     = "sprite"
	OpTileJSON   = "tilejson"
	OpVectorTile = "vector-tile"
	OpRasterTile = "raster-tile"
	OpGlyphs     = "glyphs"
	OpMapSession = "map-session"
	OpEvents     = "events"
	OpSearch     = "search"
)

// maxBody is the limit of a request's body in bytes. The largest useful body has 100 allowed URLs.
const maxBody = 64 << 10

// request contains the parts of an HTTP request that the API uses. The Content-Type is not one of
// them. curl sends the JSON of the tutorial's command as a form, and the API accepts it.
type request struct {
	method, path string // path is for the call log: "[token]" replaces a token
	origin       string // scheme and host of the client's URL
	referer      string // the page that sends the request; "" if unknown

	authorization, session string // of a request to the storage of uploads
	query                  url.Values

	op, username, id string
	address          string // the path of a request of servesMaps
	token            string // access_token
	fields           fields
	problem          *reply // refuses the body; sent only after the token is accepted
}

// fields are the undecoded members of a JSON object. Names match exactly. null differs from an
// absent member.
type fields map[string]json.RawMessage

func readRequest(r *http.Request) request {
	req := request{
		method: r.Method,
		path:   redactPath(r.URL.Path),
		origin: "http://" + r.Host,
		query:  r.URL.Query(),

		referer:       r.Header.Get("Referer"),
		authorization: r.Header.Get("Authorization"),
		session:       r.Header.Get("X-Amz-Security-Token"),
	}
	if r.TLS != nil {
		req.origin = "https://" + r.Host
	}
	req.token = req.query.Get("access_token")
	req.route(r.URL.Path)
	if req.op == OpUploadFile {
		_, _ = io.Copy(io.Discard, r.Body) // the client would not see a reply before it sent all
	}
	if req.op == OpCreate || req.op == OpUpdate || req.op == OpUploadCreate {
		req.fields, req.problem = readFields(r.Body)
	}
	if _, ok := req.fields["expires"]; ok && req.op == OpCreate {
		req.op = OpCreateTemporary
	}
	return req
}

// route finds the operation. An http.ServeMux would redirect unclean paths and answer 405 in plain
// text. The API does neither.
func (req *request) route(path string) {
	seg := strings.Split(strings.Trim(path, "/"), "/")
	if len(seg) == 3 && seg[0] == "scopes" && seg[1] == "v1" && req.method == http.MethodGet {
		req.op, req.username = OpScopes, seg[2]
		return
	}
	isOther := req.routeMap(path) || req.routeUpload(seg)
	if isOther || len(seg) < 2 || seg[0] != "tokens" || seg[1] != "v2" {
		return
	}
	switch len(seg) {
	case 2:
		req.op = map[string]string{http.MethodGet: OpRetrieve}[req.method]
	case 3:
		req.op = map[string]string{http.MethodGet: OpList, http.MethodPost: OpCreate}[req.method]
		req.username = seg[2]
	case 4:
		req.op = map[string]string{http.MethodPatch: OpUpdate,
			http.MethodDelete: OpDelete}[req.method]
		req.username, req.id = seg[2], seg[3]
	}
}

// readFields reads exactly one JSON object.
func readFields(body io.Reader) (fields, *reply) {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, io.NopCloser(body), maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, new(refuse(http.StatusRequestEntityTooLarge, "Payload Too Large"))
	}
	var f fields
	if err != nil || json.Unmarshal(raw, &f) != nil || f == nil {
		return nil, new(refuse(http.StatusBadRequest, "Bad Request"))
	}
	return f, nil
}

// redactPath replaces each part of the path that may be a token. The API's page warns about tokens
// in the place of ids.
func redactPath(path string) string {
	seg := strings.Split(path, "/")
	for i, v := range seg {
		if looksLikeToken(v) {
			seg[i] = "[token]"
		}
	}
	return strings.Join(seg, "/")
}

func looksLikeToken(s string) bool {
	return strings.Contains(s, "pk.") || strings.Contains(s, "sk.") || strings.Contains(s, "tk.")
}
