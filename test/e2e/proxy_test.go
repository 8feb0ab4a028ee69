package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// proxy is a forward proxy that knows CONNECT only. It is the only way to the real names of Mapbox
// and AWS, which it connects to simulators.
type proxy struct {
	*httptest.Server
	hosts map[string]string // name and port -> address of a simulator

	mu   sync.Mutex
	seen []string
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen = append(p.seen, r.Method+" "+r.RequestURI)
	p.mu.Unlock()
	address, known := p.hosts[r.Host]
	if r.Method != http.MethodConnect || !known {
		http.Error(w, "not here", http.StatusForbidden)
		return
	}
	var dialer net.Dialer
	far, err := dialer.DialContext(r.Context(), "tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	// The server may have read ahead, so the answer comes after Hijack, and the buffer counts.
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = far.Close()
		return
	}
	_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	pipe := func(to io.WriteCloser, from io.Reader) {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}
	go pipe(far, buffered)
	go pipe(near, far)
}

// names returns what the proxy was asked for, each once.
func (p *proxy) names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(p.seen)))
}

// certificate makes a certificate for hosts. The file has it for SSL_CERT_FILE.
func certificate(t *testing.T, hosts ...string) (certificate tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// startProxy returns a proxy to a simulator for each host, and the file with their certificate.
func startProxy(t *testing.T, hosts map[string]http.Handler) (running *proxy, file string) {
	t.Helper()
	var names []string
	for name := range hosts {
		names = append(names, name)
	}
	pair, file := certificate(t, names...)
	p := &proxy{hosts: map[string]string{}}
	for name, handler := range hosts {
		server := httptest.NewUnstartedServer(handler)
		server.TLS = &tls.Config{
			Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
		}
		server.StartTLS()
		t.Cleanup(server.Close)
		p.hosts[name+":443"] = server.Listener.Addr().String()
	}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p, file
}

// TestFunctionsUseAProxy: with the parameter HttpsProxy, both functions reach Mapbox and AWS by
// their real names through the proxy alone. Their own Runtime API is not asked through it.
func TestFunctionsUseAProxy(t *testing.T) {
	t.Parallel()
	s := newDeployment(t)
	s.paste()
	manager := aws.New(s.secrets)
	p, file := startProxy(t, map[string]http.Handler{
		"api.mapbox.com":                         s.sim,
		"secretsmanager.eu-west-1.amazonaws.com": manager,
		"events.eu-west-1.amazonaws.com":         manager,
	})
	s.env = slices.DeleteFunc(s.env, func(variable string) bool {
		return strings.HasPrefix(variable, "TOKENS_API_URL=") ||
			strings.HasPrefix(variable, "AWS_ENDPOINT_URL")
	})
	s.env = append(s.env, "HTTPS_PROXY="+p.URL, "NO_PROXY=169.254.0.0/16", "SSL_CERT_FILE="+file)

	rotate := lambda.Start(t, lambda.Build(t, "../..", "./functions/rotate"), s.env...)
	reply := s.invoke(rotate, `{"action":"rotate","id":"2026-01-02T15:00:00Z"}`)
	if reply.Failed {
		t.Errorf("rotation: %s\n%s", reply.Payload, rotate.Log())
	}
	mint := lambda.Start(t, lambda.Build(t, "../..", "./functions/mint"), s.env...)
	if status, body := s.mint(mint, "mint-iam"); status != 200 ||
		s.verdict(body) != tokens.VerdictValid {
		t.Errorf("status %d\n%s", status, mint.Log())
	}
	want := []string{
		"CONNECT api.mapbox.com:443", "CONNECT events.eu-west-1.amazonaws.com:443",
		"CONNECT secretsmanager.eu-west-1.amazonaws.com:443",
	}
	if got := p.names(); !slices.Equal(got, want) {
		t.Errorf("the proxy was asked for %q, want %q", got, want)
	}
	s.noLeak(mint.Log(), rotate.Log(), strings.Join(p.names(), " "))
}
