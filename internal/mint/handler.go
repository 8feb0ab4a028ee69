package mint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/telemetry"
)

const (
	// requestLimit bounds a request. API Gateway's own limit is 30 seconds.
	requestLimit = 10 * time.Second

	// replyMargin is the time before Lambda's deadline that is kept for the reply and the audit
	// record.
	replyMargin = 500 * time.Millisecond
)

// Invoke is HandleJSON with the types of [lambda.Handler], so that the runtime hands over the
// event's bytes. With other types it would decode and encode the event once more.
//
// [lambda.Handler]: https://pkg.go.dev/github.com/aws/aws-lambda-go/lambda#Handler
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	reply, err := h.HandleJSON(ctx, payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(reply)
}

// HandleJSON answers one request. raw is an event of an HTTP API, payload format 2.0. Every
// failure, even a panic, becomes a reply and an audit record, so the error is always nil. The audit
// record is written before the reply is returned.
func (h *Handler) HandleJSON(
	ctx context.Context, raw json.RawMessage,
) (events.APIGatewayV2HTTPResponse, error) {
	start := h.now()
	var audit telemetry.Audit
	var reply events.APIGatewayV2HTTPResponse
	route, got, err := h.try(ctx, &audit, raw)
	if err != nil {
		refused := asRefusal(err)
		audit.Code, audit.Cause = refused.code, refused.cause
		reply = refused.reply(audit.RequestID)
	} else {
		noteToken(&audit, got)
		reply = got.reply()
	}
	if route.kind == config.RoutePublic {
		reply.Headers["Vary"] = "Origin"
		if err == nil {
			reply.Headers["Cache-Control"] = publicCache
		}
	}
	now := h.now()
	audit.Status, audit.Took = reply.StatusCode, now.Sub(start)
	audit.Log(ctx, h.logger, h.metrics, now)
	return reply, nil
}

// try serves one event. A panic becomes an error. The route has the kind that is known, also with
// an error.
func (h *Handler) try(
	ctx context.Context, audit *telemetry.Audit, raw json.RawMessage,
) (route route, got issued, err error) {
	defer func() {
		if value := recover(); value != nil {
			// The value may quote a token, so the record has its type. A stack trace has no values.
			cause := fmt.Errorf("panic of type %T: %s", value, debug.Stack())
			err = refuseInternal.because(cause)
		}
	}()
	e, unread := readEvent(raw)
	audit.RequestID = e.RequestContext.RequestID.value
	if unread != nil {
		// The error may quote the event, and the event may hold a token.
		cause := fmt.Errorf("event: error of type %T", unread)
		return route, got, refuseEvent.because(cause)
	}
	ctx, cancel := withReplyMargin(ctx)
	defer cancel()
	if route, err = routeOf(e); err == nil {
		got, err = h.serve(ctx, audit, route, e)
	}
	return route, got, err
}

// withReplyMargin ends the request's work before the function's own deadline.
func withReplyMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := requestLimit
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)-replyMargin)
	}
	return context.WithTimeout(ctx, limit)
}

// serve writes into the audit record what it learns, as soon as it learns it. So the record of a
// refusal has it too. Text of the caller goes into the record only after a rule has matched it,
// since it may hold a token.
func (h *Handler) serve(
	ctx context.Context, audit *telemetry.Audit, route route, e *event,
) (issued, error) {
	audit.Route, audit.Public = route.pattern, route.kind == config.RoutePublic
	caller := callerOf(e, route.kind)
	if err := checkNamed(&caller); err != nil {
		return issued{}, err
	}
	audit.Caller = caller.name()
	req, err := requestOf(e, route)
	if err != nil {
		return issued{}, err
	}
	got, err := h.issue(ctx, &caller, route, req)
	audit.Profile, audit.Scopes, audit.UpstreamCalls = got.profile, got.scopes, got.upstreamCalls
	audit.BudgetKnown, audit.BudgetLeft = got.BudgetKnown, got.BudgetLeft
	return got, err
}

// tokenReply is the body of status 200: the fields of the Tokens API, and what the profile gives.
type tokenReply struct {
	Token     string   `json:"token"`
	IssuedAt  string   `json:"issued_at"`
	Expires   string   `json:"expires"`
	ExpiresIn int      `json:"expires_in"` // whole seconds from now
	Scopes    []string `json:"scopes"`
	Profile   string   `json:"profile"`
}

// mapboxTime is the layout of times in the Tokens API.
const mapboxTime = "2006-01-02T15:04:05.000Z"

// publicCache lets caches keep a reply of the public route for [config.PublicCacheLife].
var publicCache = fmt.Sprintf("public, max-age=%d", config.PublicCacheLife/time.Second)

// reply returns the reply with a token.
func (got issued) reply() events.APIGatewayV2HTTPResponse {
	return respond(http.StatusOK, tokenReply{
		Token:     got.Token.Token.Reveal(),
		IssuedAt:  got.Token.IssuedAt.UTC().Format(mapboxTime),
		Expires:   got.expires.UTC().Format(mapboxTime),
		ExpiresIn: int(got.life.Seconds()),
		Scopes:    got.scopes,
		Profile:   got.profile,
	})
}

// noteToken writes into the audit record which token the caller gets.
func noteToken(audit *telemetry.Audit, got issued) {
	audit.Code = "ok"
	if got.Stale {
		audit.Code = "ok_stale"
	}
	audit.Source, audit.TokenHash = string(got.Source), got.Token.Token.Hash()
	audit.Expires = got.Token.Expires
}

// errorReply is the body of any other status.
type errorReply struct {
	Message   string `json:"message"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
}

// asRefusal returns the refusal in an error. An error without one is internal.
func asRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	return refuseInternal.because(err)
}

// reply returns the reply for a refused request.
func (r *refusal) reply(requestID string) events.APIGatewayV2HTTPResponse {
	reply := respond(r.status, errorReply{Message: r.message, Code: r.code, RequestID: requestID})
	maps.Copy(reply.Headers, r.headers)
	return reply
}

func respond(status int, body any) events.APIGatewayV2HTTPResponse {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // unreachable: both types of a body can be marshaled
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: status,
		Headers: map[string]string{
			"Content-Type":  "application/json",
			"Cache-Control": "no-store",
		},
		Body: string(text),
	}
}
