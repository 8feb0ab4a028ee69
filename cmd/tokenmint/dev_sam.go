package main

import (
	"bytes"
	"encoding/json"
	"net"
	"strconv"

	"github.com/tokenmint/tokenmint/internal/setup"
)

// hostOfContainers is this machine's name inside a container. Docker Desktop defines it. On Linux,
// samconfig.toml defines it.
const hostOfContainers = "host.docker.internal"

// samVariables returns the JSON file for `sam local --env-vars`. The file replaces the values that
// exist only in AWS: sam local passes the logical id for a !Ref of a resource. The file must not
// name a variable that the template lacks. It holds no token.
func samVariables(s *servers) []byte {
	var text bytes.Buffer
	_ = json.Indent(&text, marshal(map[string]map[string]string{"Parameters": {
		"PARENT_SECRET_ID":                 parentSecret,
		"TOKENS_API_URL":                   s.mapbox.containerURL(),
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": s.aws.containerURL(),
		"STACK":                            setup.DefaultStack, // as in the notes of dev's tokens
		// without DynamoDB, an instance shares tokens with itself only
		"TOKEN_TABLE": "",
	}}), "", "  ")
	return append(text.Bytes(), '\n')
}

// containerURL returns the URL for a client in a container on this machine. A loopback address and
// an unspecified one mean another host there. Every other address is the same for all clients.
func (l listener) containerURL() string {
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsUnspecified() && !address.IP.IsLoopback() {
		return l.url()
	}
	return "http://" + net.JoinHostPort(hostOfContainers, strconv.Itoa(address.Port))
}
