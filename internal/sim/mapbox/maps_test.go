package mapbox_test

import (
	"bytes"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// mapRequests has an address for each operation of a map and of a search box, with the scope that
// the operation needs.
var mapRequests = []struct{ method, path, op, scope string }{
	{"GET", "/styles/v1/alice/streets", mapbox.OpStyle, "styles:read"},
	{"GET", "/styles/v1/alice/streets/sprite@2x.json", mapbox.OpSprite, "styles:read"},
	{"GET", "/styles/v1/alice/streets/sprite.png", mapbox.OpSprite, "styles:read"},
	{"GET", "/styles/v1/mapbox/streets-v12/iconset.pbf", mapbox.OpSprite, "styles:read"},
	{"GET", "/styles/v1/alice/streets/tiles/11/1100/671", mapbox.OpRasterTile, "styles:tiles"},
	{"GET", "/styles/v1/alice/s/tiles/256/11/1100/671@2x", mapbox.OpRasterTile, "styles:tiles"},
	{"GET", "/v4/mapbox.a,mapbox.b.json", mapbox.OpTileJSON, "styles:tiles"},
	{"GET", "/v4/mapbox.a/11/1100/671.vector.pbf", mapbox.OpVectorTile, "styles:tiles"},
	{"GET", "/v4/mapbox.satellite/11/1100/671@2x.webp", mapbox.OpRasterTile, "styles:tiles"},
	{"GET", "/fonts/v1/mapbox/Open Sans,Arial/0-255.pbf", mapbox.OpGlyphs, "fonts:read"},
	{"GET", "/map-sessions/v1", mapbox.OpMapSession, ""},
	{"POST", "/events/v2", mapbox.OpEvents, ""},
	{"GET", "/geocoding/v5/mapbox.places/Berlin.json", mapbox.OpSearch, ""},
	{"GET", "/search/geocode/v6/forward", mapbox.OpSearch, ""},
	{"GET", "/search/searchbox/v1/suggest", mapbox.OpSearch, ""},
	{"GET", "/search/searchbox/v1/retrieve/place.1", mapbox.OpSearch, ""},
}

// Each request of a map asks for the token and for the scope of its API.
func TestMapRequestsCheckTheirToken(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{RateLimit: 1, TemporaryDiesWithParent: true})
	parentID, parent := b.issue("alice", everything...)
	revoked := b.temporary(parent, time.Hour, "styles:read", "styles:tiles", "fonts:read")
	if err := b.sim.Revoke("alice", parentID); err != nil {
		t.Fatal(err)
	}
	for _, tc := range mapRequests {
		t.Run(tc.op+" "+tc.path, func(t *testing.T) {
			b := b.in(t)
			_, other := b.issue("alice", "datasets:read")
			_, exact := b.issue("alice", "datasets:read", "styles:read", "styles:tiles",
				"fonts:read")
			if tc.scope != "" {
				_, exact = b.issue("alice", tc.scope)
				b.want(b.do(tc.method, tc.path, other, ""), 404, "Not Found")
			}
			b.want(b.do(tc.method, tc.path, "", ""), 422, "access token is required")
			b.want(b.do(tc.method, tc.path, forge(exact), ""), 401, "Unauthorized")
			b.want(b.do(tc.method, tc.path, revoked, ""), 401, "Unauthorized")
			if got := b.do(tc.method, tc.path, exact, ""); got.status/100 != 2 {
				t.Errorf("%d %q", got.status, got.text("message"))
			}
			calls := b.sim.Calls()
			if last := calls[len(calls)-1]; last.Op != tc.op {
				t.Errorf("the call log has the operation %q", last.Op)
			}
		})
	}
}

// A token that has ended draws nothing more.
func TestMapRequestAfterTheEnd(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	token := b.temporary(b.all, 5*time.Second, "styles:tiles")
	const tile = "/v4/mapbox.satellite/3/4/2.png"
	b.want(b.do("GET", tile, token, ""), http.StatusOK, "")
	b.sim.Advance(5 * time.Second)
	b.want(b.do("GET", tile, token, ""), http.StatusUnauthorized, "Unauthorized")
}

func TestTiles(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	for name, tc := range map[string]struct {
		path string
		size int // 0 means 404
	}{
		"plain":           {"/v4/mapbox.satellite/3/4/2.png", 256},
		"double":          {"/v4/mapbox.satellite/3/4/2@2x.jpg90", 512},
		"of a style":      {"/styles/v1/alice/s/tiles/3/4/2", 256},
		"large":           {"/styles/v1/alice/s/tiles/512/3/4/2", 512},
		"outside":         {"/v4/mapbox.satellite/3/8/2.png", 0},
		"negative":        {"/v4/mapbox.satellite/3/-1/2.png", 0},
		"not a number":    {"/v4/mapbox.satellite/z/x/y.png", 0},
		"too near":        {"/v4/mapbox.satellite/23/0/0.png", 0},
		"unknown account": {"/styles/v1/nobody/s/tiles/3/4/2", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.in(t).do("GET", tc.path, b.all, "")
			if tc.size == 0 {
				if got.status != http.StatusNotFound {
					t.Errorf("got %d", got.status)
				}
				return
			}
			img, err := png.Decode(bytes.NewReader(got.raw))
			if err != nil || img.Bounds().Dx() != tc.size || img.Bounds().Dy() != tc.size {
				t.Errorf("got %v, %v", img, err)
			}
		})
	}
}

// TileJSON has the token of the request in the address of the tiles.
func TestTileJSON(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	for ids, ext := range map[string]string{"mapbox.satellite": "png", "mapbox.a": "vector.pbf"} {
		got := b.do("GET", "/v4/"+ids+".json", b.all, "")
		tiles, _ := got.object["tiles"].([]any)
		if len(tiles) != 1 {
			t.Fatalf("%s has %d addresses", ids, len(tiles))
		}
		address, _ := tiles[0].(string)
		if want := b.url + "/v4/" + ids + "/{z}/{x}/{y}." + ext + "?access_token=" + b.all; want !=
			address {
			t.Errorf("%s has another address for its tiles", ids)
		}
		path := strings.NewReplacer("{z}", "3", "{x}", "4", "{y}", "2").Replace(
			strings.TrimPrefix(strings.Split(address, "?")[0], b.url))
		b.want(b.do("GET", path, b.all, ""), http.StatusOK, "")
	}
}
