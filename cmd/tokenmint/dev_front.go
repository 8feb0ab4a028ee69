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
	own := noOtherPages(onlyByAddress(h.devAPI(live)))
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

// devAPI serves /_dev/: the page of dev and its stream of events, the events that the rotator has
// published, and /_dev/rotate, which replaces the schedule. /_dev/sim/ is the management of the
// simulator, which the page cannot reach at its own address.
func (h handlers) devAPI(live bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_dev/{$}", func(w http.ResponseWriter, _ *http.Request) {
		h.page.servePage(w)
	})
	mux.HandleFunc("GET /_dev/stream", h.page.serveStream)
	mux.HandleFunc("GET /_dev/events", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"events": h.events()})
	})
	mux.HandleFunc("GET /_dev/plan", func(w http.ResponseWriter, r *http.Request) {
		h.serveRotation(w, r, map[string]any{"action": "plan"})
	})
	mux.HandleFunc("POST /_dev/rotate", func(w http.ResponseWriter, r *http.Request) {
		force, err := forceOf(r.URL.RawQuery)
		switch {
		case err != nil:
			writeMessage(w, http.StatusBadRequest, err.Error())
		case live:
			// The new parent would be lost when dev ends, and a later run would delete the old one.
			writeMessage(w, http.StatusConflict,
				"dev does not rotate a real parent token: the new token would be lost when "+
					"dev ends")
		default:
			h.serveRotation(w, r, map[string]any{"action": "rotate", "force": force})
		}
	})
	mux.HandleFunc("/_dev/rotate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		writeMessage(w, http.StatusMethodNotAllowed, "only POST is allowed here")
	})
	if !live {
		mux.Handle("/_dev/sim/", underSim(h.page.backend.sim.Management()))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeMessage(w, http.StatusNotFound, "known here: GET /_dev/ (a page), /_dev/events and "+
			"/_dev/plan, POST /_dev/rotate")
	})
	return mux
}

// underSim serves /_dev/sim/ as the simulator serves /_sim/.
func underSim(management http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path = strings.Replace(r.URL.Path, "/_dev/sim/", "/_sim/", 1)
		r.URL.RawPath = ""
		management.ServeHTTP(w, r)
	})
}

// serveRotation runs the rotator on an event, which gets an id, and replies with the report.
func (h handlers) serveRotation(w http.ResponseWriter, r *http.Request, event map[string]any) {
	event["id"] = newID()
	report, err := h.rotate.Handle(r.Context(), marshal(event))
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
