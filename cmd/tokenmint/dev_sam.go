package main

import (
	"encoding/json"
	"net"
	"strconv"
)

// hostOfContainers is the name under which a container finds this machine: Docker Desktop's own, and elsewhere samconfig.toml gives it.
const hostOfContainers = "host.docker.internal"

// samVariables returns the file that `sam local --env-vars` reads, which is its only way to say what the template leaves to AWS: a
// function gets the variables that the template names, and a !Ref of a resource arrives as its logical id. JSON, which every
// SAM CLI takes. It holds no token.
func samVariables(s *servers) ([]byte, error) {
	text, err := json.MarshalIndent(map[string]map[string]string{"Parameters": {
		"PARENT_SECRET_ID":                 parentSecret,
		"TOKENS_API_URL":                   s.mapbox.containerURL(),
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": s.aws.containerURL(),
		"TOKEN_TABLE":                      "", // there is no DynamoDB here: an instance shares tokens with itself
	}}, "", "  ")
	return append(text, '\n'), err
}

// containerURL returns the address as a container on this machine writes it. One that is neither loopback nor any address, such as the
// bridge's, is the same for all.
func (l listener) containerURL() string {
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsUnspecified() && !address.IP.IsLoopback() {
		return l.url()
	}
	return "http://" + net.JoinHostPort(hostOfContainers, strconv.Itoa(address.Port))
}
