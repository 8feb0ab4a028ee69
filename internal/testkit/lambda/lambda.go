// Package lambda runs a built bootstrap as AWS Lambda does. It serves the Runtime API, from which
// the process gets its events. So a test runs the same program that is deployed. Source:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package lambda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/testkit/log"
)

// FunctionARN is the ARN of the function in every invocation.
const FunctionARN = "arn:aws:lambda:eu-west-1:123456789012:function:test"

// Reply is the result of an invocation.
type Reply struct {
	Payload []byte // the handler's result, or Lambda's error document
	Failed  bool   // the handler returned an error
}

// Instance is one running bootstrap. Methods may be called at the same time.
type Instance struct {
	server  *httptest.Server
	process *exec.Cmd
	log     log.Buffer
	exited  chan struct{} // closed when the process has ended

	started time.Time
	ready   chan struct{} // closed when the process first asks for an event
	asked   time.Time     // when that was; read it after ready is closed
	once    sync.Once

	events  chan event // to the process
	mu      sync.Mutex
	replies map[string]chan Reply // by request id
	invoked int
}

type event struct {
	id       string
	payload  []byte
	deadline time.Time
}

// Start runs a bootstrap. Its environment has only these NAME=value variables. The process ends
// with the test.
func Start(tb testing.TB, bootstrap string, env ...string) *Instance {
	tb.Helper()
	i, err := Run(bootstrap, env...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(i.Kill)
	return i
}

// Run is [Start] outside a test. The process runs until Kill. The error says that the process did
// not start.
func Run(bootstrap string, env ...string) (*Instance, error) {
	i := &Instance{
		events: make(chan event), replies: map[string]chan Reply{}, exited: make(chan struct{}),
		ready: make(chan struct{}),
	}
	i.server = httptest.NewServer(i.routes())
	i.process = exec.CommandContext(context.Background(), bootstrap)
	i.process.Env = append(
		[]string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(i.server.URL, "http://")}, env...)
	i.process.Stdout, i.process.Stderr = &i.log, &i.log
	i.started = time.Now()
	if err := i.process.Start(); err != nil {
		i.server.Close()
		return nil, err
	}
	go func() {
		_ = i.process.Wait() // the log shows how the process ended
		close(i.exited)
	}()
	return i, nil
}

// StartUp waits until the process asks for its first event. It returns the time since the start of
// the process. The error says that ctx or the process ended first.
func (i *Instance) StartUp(ctx context.Context) (time.Duration, error) {
	select {
	case <-i.ready:
		return i.asked.Sub(i.started), nil
	case <-i.exited:
		return 0, fmt.Errorf("the process ended: %s", i.Log())
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// PID returns the id of the process.
func (i *Instance) PID() int { return i.process.Process.Pid }

// Kill ends the process with SIGKILL.
func (i *Instance) Kill() {
	_ = i.process.Process.Kill() // an error means that the process has already ended
	<-i.exited
	i.server.CloseClientConnections()
	i.server.Close()
}

// Log returns the output of the process so far.
func (i *Instance) Log() string { return i.log.String() }

// Exited returns a channel that is closed when the process has ended.
func (i *Instance) Exited() <-chan struct{} { return i.exited }

// Invoke sends one event to the process and waits for the reply. ctx must have a deadline, which is
// the function's time limit. The error says that ctx or the process ended first.
func (i *Instance) Invoke(ctx context.Context, payload []byte) (Reply, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return Reply{}, errors.New("invoke: the context has no deadline")
	}
	reply := make(chan Reply, 1)
	i.mu.Lock()
	i.invoked++
	e := event{fmt.Sprintf("00000000-0000-4000-8000-%012d", i.invoked), payload, deadline}
	i.replies[e.id] = reply
	i.mu.Unlock()
	for events := i.events; ; events = nil { // sent once
		select {
		case events <- e:
			continue
		case got := <-reply:
			return got, nil
		case <-i.exited:
			return Reply{}, fmt.Errorf("the process ended: %s", i.Log())
		case <-ctx.Done():
			return Reply{}, ctx.Err()
		}
	}
}

func (i *Instance) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", i.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response",
		func(w http.ResponseWriter, r *http.Request) { i.finish(w, r, false) })
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error",
		func(w http.ResponseWriter, r *http.Request) { i.finish(w, r, true) })
	return mux
}

func (i *Instance) next(w http.ResponseWriter, r *http.Request) {
	i.once.Do(func() {
		i.asked = time.Now()
		close(i.ready)
	})
	select {
	case e := <-i.events:
		header := w.Header()
		header.Set("Lambda-Runtime-Aws-Request-Id", e.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", FunctionARN)
		_, _ = w.Write(e.payload) // a process that died gets no event; Invoke notices
	case <-r.Context().Done():
	}
}

func (i *Instance) finish(w http.ResponseWriter, r *http.Request, failed bool) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process died in the middle of its reply; Invoke notices
	}
	i.mu.Lock()
	reply := i.replies[r.PathValue("id")]
	delete(i.replies, r.PathValue("id"))
	i.mu.Unlock()
	if reply == nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	reply <- Reply{payload, failed}
	w.WriteHeader(http.StatusAccepted)
}
