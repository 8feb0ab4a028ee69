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

	"github.com/tokenmint/tokenmint/internal/telemetry"
)

const (
	// requestLimit bounds a request where nothing shorter does. API Gateway gives up after 30 seconds.
	requestLimit = 10 * time.Second

	// replyMargin is kept back from Lambda's deadline, so that a caller whose request took too long still gets an answer
	// and an operator a record.
	replyMargin = 500 * time.Millisecond
)

// Invoke is HandleJSON as a handler of the Lambda runtime's own form, which hands over the event's bytes as they came: any other form
// is decoded and encoded once more.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	reply, err := h.HandleJSON(ctx, payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(reply)
}

// HandleJSON answers one request as it comes from Lambda: an event of an HTTP API, payload format 2.0. Its error is always
// nil: whatever goes wrong is a reply that says so, and an audit record.
func (h *Handler) HandleJSON(ctx context.Context, raw json.RawMessage) (reply events.APIGatewayV2HTTPResponse, _ error) {
	start := h.now()
	var e event
	unread := json.Unmarshal(raw, &e)
	audit := telemetry.Audit{RequestID: e.RequestContext.value.RequestID.value}
	defer func() {
		if value := recover(); value != nil {
			// The value may quote anything, so only its type is kept. A stack trace holds no values.
			cause := fmt.Errorf("panic of type %T: %s", value, debug.Stack())
			reply = h.refuse(&audit, refuseInternal.because(cause))
		}
		h.record(ctx, audit, reply, start)
	}()
	if unread != nil {
		// The error may quote the event, which may quote anything.
		return h.refuse(&audit, refuseEvent.because(fmt.Errorf("event: error of type %T", unread))), nil
	}
	ctx, cancel := withReplyMargin(ctx)
	defer cancel()
	got, err := h.serve(ctx, &audit, &e)
	if err != nil {
		return h.refuse(&audit, err), nil
	}
	return h.reply(&audit, got), nil
}

// record leaves the evidence of one request.
func (h *Handler) record(ctx context.Context, audit telemetry.Audit, reply events.APIGatewayV2HTTPResponse, start time.Time) {
	now := h.now()
	audit.Status, audit.Took = reply.StatusCode, now.Sub(start)
	audit.Log(ctx, h.logger)
	h.metrics.Record(audit, now)
}

// serve reads the event from outside in. What it learns it notes in the audit record at once, so that a refusal finds it
// there; what a caller sends is noted only once a rule has matched it, for it may hold anything, even a token.
func (h *Handler) serve(ctx context.Context, audit *telemetry.Audit, e *event) (issued, error) {
	route, err := routeOf(e)
	if err != nil {
		return issued{}, err
	}
	audit.Route = route.pattern
	caller := callerOf(e)
	if err := admit(h.profiles, &caller); err != nil {
		return issued{}, err
	}
	audit.Caller = caller.name()
	if e.Body.wrong || e.IsBase64Encoded.wrong {
		return issued{}, refuseBody("the body is not a text")
	}
	req, err := decode(e.Body.value, e.IsBase64Encoded.value)
	if err != nil {
		return issued{}, err
	}
	got, err := h.issue(ctx, &caller, route, req)
	audit.Profile, audit.Scopes, audit.UpstreamCalls = got.profile, got.scopes, got.upstreamCalls
	audit.BudgetKnown, audit.BudgetLeft = got.BudgetKnown, got.BudgetLeft
	if !got.parentCreated.IsZero() {
		audit.ParentAge = h.now().Sub(got.parentCreated)
	}
	return got, err
}

// withReplyMargin ends the request's work before the function's own deadline.
func withReplyMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := requestLimit
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)-replyMargin)
	}
	return context.WithTimeout(ctx, limit)
}

// tokenReply is the body of a 200, as the Tokens API writes it, with what was granted besides.
type tokenReply struct {
	Token     string   `json:"token"`
	IssuedAt  string   `json:"issued_at"`
	Expires   string   `json:"expires"`
	ExpiresIn int      `json:"expires_in"` // whole seconds from now
	Scopes    []string `json:"scopes"`
	Profile   string   `json:"profile"`
}

// mapboxTime is the form of the Tokens API's own times.
const mapboxTime = "2006-01-02T15:04:05.000Z"

func (h *Handler) reply(audit *telemetry.Audit, got issued) events.APIGatewayV2HTTPResponse {
	token := got.Token
	audit.Code, audit.Source, audit.TokenHash, audit.Expires = "ok", string(got.Source), token.Token.Hash(), token.Expires
	if got.Stale {
		audit.Code = "ok_stale"
	}
	return respond(http.StatusOK, tokenReply{
		Token:     token.Token.Reveal(),
		IssuedAt:  token.IssuedAt.UTC().Format(mapboxTime),
		Expires:   token.Expires.UTC().Format(mapboxTime),
		ExpiresIn: int(got.life.Seconds()),
		Scopes:    got.scopes,
		Profile:   got.profile,
	})
}

// errorReply is the body of every other reply.
type errorReply struct {
	Message   string `json:"message"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
}

func (h *Handler) refuse(audit *telemetry.Audit, err error) events.APIGatewayV2HTTPResponse {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		r = refuseInternal.because(err)
	}
	audit.Code, audit.Cause = r.code, r.cause
	reply := respond(r.status, errorReply{Message: r.message, Code: r.code, RequestID: audit.RequestID})
	maps.Copy(reply.Headers, r.headers)
	return reply
}

func respond(status int, body any) events.APIGatewayV2HTTPResponse {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // the two types above always marshal
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store"},
		Body:       string(text),
	}
}
