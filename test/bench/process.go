package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
)

// limit is the time that the template gives the function.
const limit = 15 * time.Second

// Process is a running subject.
type Process struct {
	*lambda.Instance

	StartUp time.Duration // from its start until it asked for its first event

	event []byte
}

// Start runs a subject until it asks for its first event. Kill must end it.
func (l *Lab) Start(ctx context.Context, s Subject) (Process, error) {
	instance, err := lambda.Run(s.File, s.env...)
	if err != nil {
		return Process{}, fmt.Errorf("start %s: %w", s.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	took, err := instance.StartUp(ctx)
	if err != nil {
		instance.Kill()
		return Process{}, fmt.Errorf("start %s: %w", s.Name, err)
	}
	return Process{instance, took, l.event}, nil
}

// Request sends the process one request and returns the reply's body and how long it took. A reply
// other than 200 is an error: its time would be that of something else.
func (p Process) Request(ctx context.Context) (body string, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	reply, err := p.Invoke(ctx, p.event)
	took = time.Since(start)
	if err != nil {
		return "", 0, err
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(reply.Payload, &response); err != nil || reply.Failed ||
		response.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("request: status %d: %s", response.StatusCode, p.Log())
	}
	return response.Body, took, nil
}

// PeakMemory returns the most memory that the process has had, in bytes. It reads /proc, so it
// needs Linux: what getrusage says of a child begins with the peak of the parent, whose memory it
// shares until it executes its own file. Source:
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func (p Process) PeakMemory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(after, "\n")
	kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("peak memory of process %d: %w", p.PID(), err)
	}
	return kb << 10, nil
}
