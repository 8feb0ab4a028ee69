package mapbox

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox/draw"
)

// mapRoutes are the addresses of the APIs that a map or a search box uses with its token. A star
// matches one part of a path. The first match counts.
var mapRoutes = []struct{ method, pattern, op string }{
	{http.MethodGet, "/styles/v1/*/*", OpStyle},
	{http.MethodGet, "/styles/v1/*/*/sprite*", OpSprite},
	{http.MethodGet, "/styles/v1/*/*/iconset.pbf", OpSprite},
	{http.MethodGet, "/styles/v1/*/*/tiles/*/*/*", OpRasterTile},
	{http.MethodGet, "/styles/v1/*/*/tiles/*/*/*/*", OpRasterTile},
	{http.MethodGet, "/v4/*.json", OpTileJSON},
	{http.MethodGet, "/v4/*/*/*/*.pbf", OpVectorTile},
	{http.MethodGet, "/v4/*/*/*/*.*", OpRasterTile},
	{http.MethodGet, "/fonts/v1/*/*/*.pbf", OpGlyphs},
	{http.MethodGet, "/map-sessions/v1", OpMapSession},
	{http.MethodPost, "/events/v2", OpEvents},
	{http.MethodGet, "/geocoding/v5/*/*.json", OpSearch},
	{http.MethodGet, "/search/geocode/v6/*", OpSearch},
	{http.MethodGet, "/search/searchbox/v1/*", OpSearch},
	{http.MethodGet, "/search/searchbox/v1/retrieve/*", OpSearch},
}

// mapScopes are the scopes that these APIs need. Sessions, events and searches need none.
var mapScopes = map[string]string{
	OpStyle: "styles:read", OpSprite: "styles:read", OpGlyphs: "fonts:read",
	OpTileJSON: "styles:tiles", OpVectorTile: "styles:tiles", OpRasterTile: "styles:tiles",
}

// servesMaps reports whether an operation is not one of the Tokens API. Such requests do not count
// against its rate limit.
func servesMaps(op string) bool {
	_, scoped := mapScopes[op]
	return scoped || slices.Contains([]string{OpMapSession, OpEvents, OpSearch}, op)
}

// routeMap finds the operation of these APIs. It reports whether the address is one of them.
func (req *request) routeMap(address string) bool {
	for _, route := range mapRoutes {
		if ok, _ := path.Match(route.pattern, address); ok && route.method == req.method {
			req.op, req.address = route.op, address
			return true
		}
	}
	return false
}

// serveMap answers a request whose token is valid.
func (s *Simulator) serveMap(req request, by bearer) reply {
	seg := strings.Split(strings.Trim(req.address, "/"), "/")
	if scope := mapScopes[req.op]; scope != "" && !by.may(scope) {
		return refuse(http.StatusNotFound, "Not Found")
	}
	if seg[0] == "styles" && seg[2] != "mapbox" && s.accounts[seg[2]] == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	switch req.op {
	case OpStyle:
		return answer(http.StatusOK, draw.Style(seg[2], seg[3]))
	case OpSprite:
		return sprite(seg[4])
	case OpTileJSON:
		return tileJSON(req, strings.TrimSuffix(seg[1], ".json"))
	case OpVectorTile, OpRasterTile:
		return tile(req.op, seg)
	case OpGlyphs:
		return content("application/x-protobuf",
			draw.Glyphs(seg[3], strings.TrimSuffix(seg[4], ".pbf")))
	case OpSearch:
		return search(req, seg)
	case OpEvents:
		return reply{status: http.StatusNoContent}
	default:
		return answer(http.StatusOK, map[string]any{})
	}
}

// sprite answers for a style's icons. There are none.
func sprite(name string) reply {
	switch path.Ext(name) {
	case ".json":
		return answer(http.StatusOK, map[string]any{})
	case ".png":
		dot := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Transparent})
		var out bytes.Buffer
		_ = png.Encode(&out, dot) // a buffer never fails
		return content("image/png", out.Bytes())
	}
	return content("application/x-protobuf", nil)
}

// tileJSON describes a tileset. As at Mapbox, the address of its tiles has the request's token. A
// tileset whose name ends in satellite has pictures, any other has vectors.
func tileJSON(req request, ids string) reply {
	ext, vector := ".vector.pbf", !strings.HasSuffix(ids, "satellite")
	if !vector {
		ext = ".png"
	}
	return answer(http.StatusOK, draw.TileJSON(ids,
		req.origin+"/v4/"+ids+"/{z}/{x}/{y}"+ext+"?access_token="+req.token, vector))
}

// tile draws the tile that the last three parts of an address name.
func tile(op string, seg []string) reply {
	size := 256
	last := seg[len(seg)-1]
	if base, isDouble := strings.CutSuffix(strings.TrimSuffix(last, path.Ext(last)),
		"@2x"); isDouble || slices.Contains(seg, "512") {
		last, size = base, 512
	}
	last, _, _ = strings.Cut(last, ".")
	var number [3]int
	for i, text := range []string{seg[len(seg)-3], seg[len(seg)-2], last} {
		v, err := strconv.Atoi(text)
		if err != nil {
			return refuse(http.StatusNotFound, "Tile not found")
		}
		number[i] = v
	}
	t := draw.Tile{Z: number[0], X: number[1], Y: number[2]}
	switch {
	case !t.Valid():
		return refuse(http.StatusNotFound, "Tile not found")
	case op == OpVectorTile:
		return content("application/x-protobuf", draw.Vector(t))
	}
	return content("image/png", draw.Raster(t, size))
}

// search answers each query with the same two places.
func search(req request, seg []string) reply {
	query := req.query.Get("q")
	if seg[0] == "geocoding" {
		query = strings.TrimSuffix(seg[3], ".json")
	}
	if seg[len(seg)-1] == "suggest" {
		return answer(http.StatusOK, draw.Suggestions(query))
	}
	return answer(http.StatusOK, draw.Places(query))
}

// content is a reply that is not JSON. Caches are not simulated, so browsers must keep none.
func content(kind string, body []byte) reply {
	return reply{status: http.StatusOK, body: body, header: http.Header{
		"Content-Type": {kind}, "Cache-Control": {"no-store"},
	}}
}
