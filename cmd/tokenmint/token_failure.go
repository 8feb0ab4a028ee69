package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tokenmint/tokenmint/pkg/tokensource"
)

// failure returns the error for a person.
func (r tokenRequest) failure(err error) error {
	e, ok := errors.AsType[*tokensource.Error](err)
	if !ok {
		return err
	}
	return errors.New(r.explain(e))
}

// explain says what is wrong, and what to do.
func (r tokenRequest) explain(e *tokensource.Error) string {
	detail := details(e)
	switch {
	case e.Code == tokensource.CodeBadURL:
		return strings.Replace(e.Message, "URL", r.addressName(), 1)
	case e.Code == tokensource.CodeBadReply:
		return fmt.Sprintf("%s is not the address of a mint: %s%s", r.addressName(), e.Message,
			detail)
	case e.Code == tokensource.CodeTimeout:
		return fmt.Sprintf("the mint does not answer within %s%s", tokenTimeout, r.proxyHint())
	case e.Code == tokensource.CodeNetwork:
		return fmt.Sprintf("the mint cannot be reached: %v: is %s right?%s", e.Err,
			r.addressName(), r.proxyHint())
	case e.Code == tokensource.CodeAborted:
		return "interrupted before the mint had a token"
	case e.Code == tokensource.CodeWaitOver:
		return strings.TrimPrefix(e.Error(), "tokensource: ")
	case strings.HasPrefix(e.Code, "http_"): // API Gateway's replies have no code
		return "API Gateway refuses the request: " + e.Message + detail + r.gatewayHint(e)
	case e.IsRefusal():
		return fmt.Sprintf("the mint refuses: %s: %s%s", e.Code, e.Message, detail)
	}
	return fmt.Sprintf("the mint has no token now: %s: %s%s", e.Code, e.Message, detail)
}

// details are the status and the id of a request.
func details(e *tokensource.Error) string {
	if e.RequestID == "" {
		return fmt.Sprintf(" (status %d)", e.Status)
	}
	return fmt.Sprintf(" (status %d, request %s)", e.Status, e.RequestID)
}

// gatewayHint says what to look at after a refusal by API Gateway, which gives no reason.
func (r tokenRequest) gatewayHint(e *tokensource.Error) string {
	text := strings.ToLower(e.Message)
	switch {
	case e.Status == http.StatusNotFound:
		return fmt.Sprintf(": is %s right, and does the stack have this route?", r.addressName())
	case r.bearerEnv != "":
		return fmt.Sprintf(": has the JWT in %s ended, and are issuer and audience those of the "+
			"stack?", r.bearerEnv)
	case strings.Contains(text, "clock"):
		return "" // the message says it all
	case strings.Contains(text, "expired"):
		return ": get new AWS credentials, and check the clock of this machine"
	case e.Status == http.StatusForbidden:
		return ": have the AWS credentials expired, are they of the right account, and do they " +
			"allow execute-api:Invoke? Try aws sts get-caller-identity"
	}
	return ""
}

// proxyHint names the proxy that a request goes through.
func (r tokenRequest) proxyHint() string {
	address, err := r.route()
	if err != nil {
		return ""
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: address})
	if err != nil || proxy == nil {
		return ""
	}
	return fmt.Sprintf(" The request goes through the proxy %s: see HTTPS_PROXY and NO_PROXY",
		proxy.Host)
}
