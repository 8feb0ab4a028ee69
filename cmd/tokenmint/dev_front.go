package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/setup"
)

// handlers are the two functions.
type handlers struct {
	mint   *mint.Handler
	rotate *rotate.Handler
}

func newHandlers(parts setup.Parts) (handlers, error) {
	minting, err := setup.Mint(parts)
	if err != nil {
		return handlers{}, err
	}
	rotating, err := setup.Rotate(parts)
	return handlers{minting, rotating}, err
}

// front serves the mint's API and, under /_dev/, what stands in for the schedule. It does not clean paths as
// [http.ServeMux] does: what a client sends must reach the function as it is.
func (h handlers) front(p pages, live bool) http.Handler {
	api := p.api(gateway(h.mint))
	own := noOtherPages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_dev/rotate" {
			writeJSON(w, http.StatusNotFound, map[string]string{"message": "known here: POST /_dev/rotate"})
			return
		}
		h.serveRotate(w, r, live)
	}))
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_dev/") {
			own.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
	if live {
		return onlyByAddress(front)
	}
	return front
}

// serveRotate runs the rotator with the event that the schedule would send, or with a forced one.
func (h handlers) serveRotate(w http.ResponseWriter, r *http.Request, live bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"message": "only POST is answered here"})
		return
	}
	force, err := forceOf(r.URL.RawQuery)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	if live {
		// The successor would be lost with this process, and then the real parent would be deleted.
		writeJSON(w, http.StatusConflict, map[string]string{"message": "a real parent token is not rotated here: its successor would be lost when dev ends"})
		return
	}
	event := map[string]any{"action": "rotate", "id": newID(), "force": force}
	report, err := h.rotate.Handle(r.Context(), marshal(event))
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]any{"message": err.Error(), "report": report})
		return
	}
	writeJSON(w, http.StatusOK, report)
}

// forceOf reads the query strictly: a parameter that is misspelt and ignored would do something else.
func forceOf(rawQuery string) (bool, error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return false, errors.New("the query is malformed: known here is force=true")
	}
	for name, values := range query {
		switch {
		case name != "force":
			return false, fmt.Errorf("unknown parameter %q: known here is force=true", name)
		case len(values) > 1:
			return false, errors.New("force is given twice")
		}
	}
	if !query.Has("force") {
		return false, nil
	}
	force, err := strconv.ParseBool(query.Get("force"))
	if err != nil {
		return false, errors.New("force must be true or false")
	}
	return force, nil
}
