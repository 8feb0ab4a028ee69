package aws

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// putEvents is the one operation of EventBridge.
const putEvents = "AWSEvents.PutEvents"

// The limits of PutEvents (API reference, service quotas).
const (
	maxEntries = 10
	maxEvents  = 1000 // that a bus remembers; the simulator's own limit
)

// Event is an event that the default bus has taken.
type Event struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// bus remembers events. It has no rules and delivers nothing.
type bus struct {
	mu     sync.Mutex
	events []Event
}

// Events returns the events that the default bus has taken, the oldest first.
func (m *Memory) Events() []Event {
	m.bus.mu.Lock()
	defer m.bus.mu.Unlock()
	return slices.Clone(m.bus.events)
}

func (b *bus) add(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.events) == maxEvents {
		b.events = slices.Delete(b.events, 0, 1)
	}
	b.events = append(b.events, e)
}

type eventEntry struct {
	Source, DetailType, Detail, EventBusName string
	Resources                                []string
}

type eventResult struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// putEvents takes each valid entry. As at the service, a wrong entry does not fail the call.
func (s service) putEvents(_ context.Context, in struct{ Entries []eventEntry }) (any, error) {
	if len(in.Entries) == 0 || len(in.Entries) > maxEntries {
		return nil, fault{http.StatusBadRequest, "ValidationException",
			fmt.Sprintf("%d entries, not 1 to %d", len(in.Entries), maxEntries)}
	}
	var reply struct {
		FailedEntryCount int
		Entries          []eventResult
	}
	for _, e := range in.Entries {
		result := checkEvent(e)
		if result.ErrorCode != "" {
			reply.FailedEntryCount++
		} else {
			result.EventID = rand.Text()
			s.mem.bus.add(Event{result.EventID, e.Source, e.DetailType, e.Resources,
				json.RawMessage(e.Detail)})
		}
		reply.Entries = append(reply.Entries, result)
	}
	return reply, nil
}

func checkEvent(e eventEntry) eventResult {
	var object map[string]json.RawMessage
	switch {
	case e.Source == "" || e.DetailType == "" || e.Detail == "":
		return eventResult{ErrorCode: "InvalidArgument",
			ErrorMessage: "Source, DetailType and Detail are required"}
	case strings.HasPrefix(e.Source, "aws."):
		return eventResult{ErrorCode: "NotAuthorizedForSource",
			ErrorMessage: "Source must not begin with aws."}
	case e.EventBusName != "" && e.EventBusName != "default":
		return eventResult{ErrorCode: "InvalidArgument",
			ErrorMessage: "there is only the default bus"}
	case json.Unmarshal([]byte(e.Detail), &object) != nil || object == nil:
		return eventResult{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is not an object"}
	}
	return eventResult{}
}
