package rotate_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
)

// faultyWire breaks one call, or all from it on, before or after its effect.
type faultyWire struct {
	next http.Handler

	mu     sync.Mutex
	armed  bool
	skip   int               // calls to leave alone
	all    bool              // break all that follow, not just one
	effect bool              // let the broken call have its effect
	met    bool              // a call was broken since the wire was armed
	before map[string]func() // what happens just before the next call of an operation
	binary string            // id of a version whose value is shown as SecretBinary
	// how many reads of a version are at a copy that does not have its value yet
	behind map[string]int
}

// ambush lets something happen just before the next call of an operation.
func (f *faultyWire) ambush(operation string, do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = map[string]func(){"secretsmanager." + operation: do}
}

func (f *faultyWire) arm(skip int, all, effect bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.skip, f.all, f.effect, f.met = true, skip, all, effect, false
}

// disarm ends the fault, and reports whether a call has met it.
func (f *faultyWire) disarm() (met bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
	return f.met
}

func (f *faultyWire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.skip--
	broken := f.armed && (f.skip == -1 || (f.all && f.skip < 0))
	f.met = f.met || broken
	effect := f.effect
	before := f.before[r.Header.Get("X-Amz-Target")]
	if before != nil {
		f.before = nil
	}
	f.mu.Unlock()
	if before != nil {
		before()
	}
	if f.isBehind(r) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"ResourceNotFoundException","message":"no value"}`))
		return
	}
	if !broken {
		f.serve(w, r)
		return
	}
	if effect {
		f.next.ServeHTTP(httptest.NewRecorder(), r)
	}
	panic(http.ErrAbortHandler)
}

func (f *faultyWire) serve(w http.ResponseWriter, r *http.Request) {
	recorder := httptest.NewRecorder()
	f.next.ServeHTTP(recorder, r)
	body := recorder.Body.Bytes()
	if f.binary != "" && bytes.Contains(body, []byte(f.binary)) {
		body = bytes.Replace(body, []byte(`"SecretString":`), []byte(`"SecretBinary":`), 1)
	}
	maps.Copy(w.Header(), recorder.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(body)
}

func (f *faultyWire) isBehind(r *http.Request) bool {
	if len(f.behind) == 0 || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
		return false
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.behind {
		if err == nil && f.behind[id] > 0 && bytes.Contains(body, []byte(id)) {
			f.behind[id]--
			return true
		}
	}
	return false
}
