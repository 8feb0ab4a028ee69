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

// addresses are HOST:PORT or :PORT. A missing host means loopback.
type addresses struct{ mint, mapbox, aws string }

// servers are the three servers of dev. mapbox is not in use with --live.
type servers struct {
	mint, mapbox, aws listener

	running []*http.Server
	failed  chan error
}

// listener is a reserved address. Its URL is known before a server answers there.
type listener struct{ net.Listener }

// url returns the URL for a client on this machine.
func (l listener) url() string {
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsUnspecified() {
		return "http://" + l.Addr().String()
	}
	return "http://127.0.0.1:" + strconv.Itoa(address.Port)
}

// listen reserves the addresses of the servers. With live it does not reserve that of mapbox.
func listen(ctx context.Context, a addresses, live bool) (*servers, error) {
	s := &servers{failed: make(chan error, 3)}
	var err error
	s.mint, err = listenAt(ctx, "mint", a.mint)
	if err == nil && !live {
		s.mapbox, err = listenAt(ctx, "mapbox", a.mapbox)
	}
	if err == nil {
		s.aws, err = listenAt(ctx, "aws", a.aws)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// listenAt reserves the address that a flag names.
func listenAt(ctx context.Context, flag, address string) (listener, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return listener{}, usageError(
			fmt.Errorf("--%s is %q: write HOST:PORT or :PORT, such as :8887", flag, address))
	}
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return listener{}, listenError(flag, address, err)
	}
	return listener{l}, nil
}

// listenError adds what to do about an address that cannot be reserved.
func listenError(flag, address string, err error) error {
	const inUseOnWindows = syscall.Errno(10048) // WSAEADDRINUSE
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, inUseOnWindows):
		return fmt.Errorf("--%s: another program listens on %s, perhaps another dev: end it, "+
			"or choose another port, such as --%s :0 for a free one", flag, address, flag)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("--%s: this user may not listen on %s: "+
			"choose a port above 1023, such as --%s :8887", flag, address, flag)
	}
	return fmt.Errorf("--%s: %w; write an address of this machine, such as "+
		"127.0.0.1:8887", flag, err)
}

// listeners returns the reserved addresses.
func (s *servers) listeners() []listener {
	var all []listener
	for _, l := range []listener{s.mint, s.mapbox, s.aws} {
		if l.Listener != nil {
			all = append(all, l)
		}
	}
	return all
}

// loopback reports whether only this machine can reach the servers.
func (s *servers) loopback() bool {
	for _, l := range s.listeners() {
		if address, ok := l.Addr().(*net.TCPAddr); !ok || !address.IP.IsLoopback() {
			return false
		}
	}
	return true
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

// wait returns when a server fails or ctx ends. When ctx ends, it first completes open requests.
func (s *servers) wait(ctx context.Context) error {
	select {
	case err := <-s.failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var errs []error
	for i := range s.running { // the mint started last and stops first, because it calls the others
		errs = append(errs, s.running[len(s.running)-1-i].Shutdown(end))
	}
	return errors.Join(errs...)
}

// close stops all servers and frees all addresses. A second call does nothing.
func (s *servers) close() {
	for _, server := range s.running {
		_ = server.Close()
	}
	for _, l := range s.listeners() {
		_ = l.Close()
	}
}

// onlyByAddress refuses a request whose host is neither localhost nor an IP address. A hostile web
// page can let its own name resolve to 127.0.0.1. The browser would then take this server for the
// page's own origin. Then it sends no header that names the page.
func onlyByAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if host != "localhost" && net.ParseIP(host) == nil {
			writeMessage(w, http.StatusMisdirectedRequest,
				"dev answers here only to localhost and to IP addresses")
			return
		}
		next.ServeHTTP(w, r)
	})
}
