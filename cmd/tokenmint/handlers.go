package main

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/wiring"
)

// handlers are the two functions.
type handlers struct {
	mint   *mint.Handler
	rotate *rotate.Handler
}

func newHandlers(parts wiring.Parts) (handlers, error) {
	minting, err := wiring.Mint(parts)
	if err != nil {
		return handlers{}, err
	}
	rotating, err := wiring.Rotate(parts)
	return handlers{minting, rotating}, err
}

// front serves the mint's API and, under /_dev/, what stands in for the schedule. It does not clean paths as
// [http.ServeMux] does: what a client sends must reach the function as it is.
func (h handlers) front(live bool) http.Handler {
	api := withPages(gateway(h.mint))
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/_dev/rotate":
			h.serveRotate(w, r, live)
		case strings.HasPrefix(r.URL.Path, "/_dev/"):
			writeJSON(w, http.StatusNotFound, map[string]string{"message": "known here: POST /_dev/rotate"})
		default:
			api.ServeHTTP(w, r)
		}
	})
	if live {
		return onlyByAddress(front)
	}
	return front
}

// serveRotate runs the rotator with the event that the schedule would send, or with a forced one.
func (h handlers) serveRotate(w http.ResponseWriter, r *http.Request, live bool) {
	force, err := strconv.ParseBool(cmp.Or(r.URL.Query().Get("force"), "false"))
	switch {
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"message": "only POST is answered here"})
		return
	case err != nil:
		writeJSON(w, http.StatusBadRequest, map[string]string{"message": "force must be true or false"})
		return
	case live:
		// The successor would be lost with this process, and then the real parent would be deleted.
		writeJSON(w, http.StatusConflict, map[string]string{"message": "a real parent token is not rotated here: its successor would be lost when dev ends"})
		return
	}
	event, err := json.Marshal(map[string]any{"action": "rotate", "id": newID(), "force": force})
	if err != nil {
		panic(err) // three plain values always marshal
	}
	report, err := h.rotate.Handle(r.Context(), event)
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]any{"message": err.Error(), "report": report})
		return
	}
	writeJSON(w, http.StatusOK, report)
}
