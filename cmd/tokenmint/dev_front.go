package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// mintAPI serves the API of the mint, and /_dev/ to manage dev. It does not clean paths, unlike
// [http.ServeMux]: the function must receive each path as the client sent it.
func (h handlers) mintAPI(p pages, live bool) http.Handler {
	api := p.api(gateway(h.mint))
	own := noOtherPages(h.devAPI(live))
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

// devAPI serves /_dev/rotate, which replaces the schedule: it runs a rotation. It also serves
// /_dev/events, the events that the rotator has published.
func (h handlers) devAPI(live bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		force, err := forceOf(r.URL.RawQuery)
		switch {
		case r.URL.Path == "/_dev/events" && r.Method == http.MethodGet:
			writeJSON(w, http.StatusOK, map[string]any{"events": h.events()})
		case r.URL.Path != "/_dev/rotate":
			writeMessage(w, http.StatusNotFound,
				"known here: POST /_dev/rotate, GET /_dev/events")
		case r.Method != http.MethodPost:
			w.Header().Set("Allow", http.MethodPost)
			writeMessage(w, http.StatusMethodNotAllowed, "only POST is allowed here")
		case err != nil:
			writeMessage(w, http.StatusBadRequest, err.Error())
		case live:
			// The new parent would be lost when dev ends, and a later run would delete the old one.
			writeMessage(w, http.StatusConflict,
				"dev does not rotate a real parent token: the new token would be lost when "+
					"dev ends")
		default:
			h.serveRotation(w, r, force)
		}
	}
}

func (h handlers) serveRotation(w http.ResponseWriter, r *http.Request, force bool) {
	event := marshal(map[string]any{"action": "rotate", "id": newID(), "force": force})
	report, err := h.rotate.Handle(r.Context(), event)
	if err != nil {
		writeJSON(w, http.StatusInternalServerError,
			map[string]any{"message": err.Error(), "report": report})
		return
	}
	writeJSON(w, http.StatusOK, report)
}

// forceOf reads the query. It refuses an unknown parameter: a misspelt force must not be ignored.
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
