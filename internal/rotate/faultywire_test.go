package rotate_test

import (
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
	before map[string]func() // what happens just before the next call of an operation
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
	f.armed, f.skip, f.all, f.effect = true, skip, all, effect
}

func (f *faultyWire) disarm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
}

func (f *faultyWire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.skip--
	broken := f.armed && (f.skip == -1 || (f.all && f.skip < 0))
	effect := f.effect
	before := f.before[r.Header.Get("X-Amz-Target")]
	if before != nil {
		f.before = nil
	}
	f.mu.Unlock()
	if before != nil {
		before()
	}
	if !broken {
		f.next.ServeHTTP(w, r)
		return
	}
	if effect {
		f.next.ServeHTTP(httptest.NewRecorder(), r)
	}
	panic(http.ErrAbortHandler)
}
