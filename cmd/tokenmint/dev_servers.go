package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// servers are the three that dev runs.
type servers struct {
	mint, mapbox, aws listener

	running []*http.Server
	failed  chan error
}

// listener is an address that is taken, so that its URL is known before anything is served.
type listener struct{ net.Listener }

// url returns the address as a client on this machine writes it.
func (l listener) url() string {
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsUnspecified() {
		return "http://" + l.Addr().String()
	}
	return "http://127.0.0.1:" + strconv.Itoa(address.Port)
}

// loopback tells whether only this machine can reach the servers.
func (s *servers) loopback() bool {
	for _, l := range []listener{s.mint, s.mapbox, s.aws} {
		if l.Listener == nil {
			continue
		}
		if address, ok := l.Addr().(*net.TCPAddr); !ok || !address.IP.IsLoopback() {
			return false
		}
	}
	return true
}

func (d dev) listen(ctx context.Context) (*servers, error) {
	var listen net.ListenConfig
	s := &servers{failed: make(chan error, 3)}
	for _, want := range []struct {
		flag, address string
		into          *listener
		skip          bool
	}{{"mint", d.mint, &s.mint, false}, {"mapbox", d.mapbox, &s.mapbox, d.live}, {"aws", d.aws, &s.aws, false}} {
		if want.skip {
			continue
		}
		address := want.address
		if strings.HasPrefix(address, ":") {
			address = "127.0.0.1" + address // loopback unless somebody writes another host
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			s.close()
			return nil, usageError(fmt.Errorf("--%s is %q: write HOST:PORT or :PORT, such as :8887", want.flag, want.address))
		}
		l, err := listen.Listen(ctx, "tcp", address)
		if err != nil {
			s.close()
			return nil, cannotListen(want.flag, address, err)
		}
		*want.into = listener{l}
	}
	return s, nil
}

// cannotListen says what to do about an address that cannot be had.
func cannotListen(flag, address string, err error) error {
	const inUseOnWindows = syscall.Errno(10048) // WSAEADDRINUSE
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, inUseOnWindows):
		return fmt.Errorf("--%s: another program listens on %s, perhaps another dev: end it, or choose another port, such as --%s :0 for a free one",
			flag, address, flag)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("--%s: this user may not listen on %s: choose a port above 1023, such as --%s :8887", flag, address, flag)
	}
	return fmt.Errorf("--%s: %w; write an address of this machine, such as 127.0.0.1:8887", flag, err)
}

func (s *servers) serve(l listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.running = append(s.running, server)
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
}

// wait returns when ctx ends, after the requests that are under way, or when a server fails.
func (s *servers) wait(ctx context.Context) error {
	select {
	case err := <-s.failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var errs []error
	for i := range s.running { // the mint first: it calls the others
		errs = append(errs, s.running[len(s.running)-1-i].Shutdown(end))
	}
	return errors.Join(errs...)
}

// close frees what is still taken. Closing twice is harmless.
func (s *servers) close() {
	for _, server := range s.running {
		_ = server.Close()
	}
	for _, l := range []listener{s.mint, s.mapbox, s.aws} {
		if l.Listener != nil {
			_ = l.Close()
		}
	}
}

// onlyByAddress refuses requests for a host that is neither an address nor localhost. A web page in this machine's browser can let its own name
// resolve to 127.0.0.1, and would be taken for the same origin as what is served here: with --live, a real parent token.
func onlyByAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if host != "localhost" && net.ParseIP(host) == nil {
			writeJSON(w, http.StatusMisdirectedRequest, map[string]string{"message": "with --live, this answers to localhost and to addresses only"})
			return
		}
		next.ServeHTTP(w, r)
	})
}
