//go:build moto

package aws_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/testkit/moto"
	"github.com/tokenmint/tokenmint/test/dev"
)

const (
	root    = "../.."
	name    = "tokenmint-test-aws"
	account = "123456789012" // moto's own, because the AWS CLI cannot name another
)

// double is AWS as far as a machine without AWS has it. moto answers, except for these:
//
//   - CloudFormation. SAM's transform is that of AWS's own translator. Of its resources, moto makes
//     table, roles, functions, log groups and the queue. It makes no API, no secret, no schedule,
//     no alias and no alarm.
//   - Lambda. The rotator runs here, with moto and the simulator, as `tokenmint invoke` runs it.
//   - The four steps of Secrets Manager. moto registers the version. The rotator runs here.
//   - CodeDeploy. A changed stack has another version of the mint. A policy that cannot be read is
//     rolled back. So the steps canary and rollback show what the script does, not what AWS does.
type double struct {
	t         *testing.T
	moto      http.Handler
	service   *moto.Service
	tokenmint string   // the command
	secret    string   // the ARN of the parent secret, which has the tag of the stack
	env       []string // the environment of the rotator
	mint      string   // the address of the API

	mu         sync.Mutex
	parameters map[string]string
	policy     error      // what is wrong with the last published policy
	version    int        // of the mint
	status     string     // of the stack
	changes    url.Values // the last change set
	template   []byte     // the last template, before its transform
	executes   func()     // is called before a change set is executed
}

// start returns a double whose API is the mint of dev, and its address.
func start(t *testing.T, sim []string) (d *double, endpoint string) {
	t.Helper()
	service, err := url.Parse(moto.Endpoint(t))
	if err != nil {
		t.Fatal(err)
	}
	d = &double{
		t: t, moto: httputil.NewSingleHostReverseProxy(service), tokenmint: dev.Build(t, root),
	}
	_, d.service = moto.Secrets(moto.Endpoint(t), account)
	d.mint = serve(t, gateway(t, dev.Value(sim, "MINT_URL")))
	d.env = []string{
		"TOKENS_API_URL=" + dev.Value(sim, "TOKENS_API_URL"),
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"STACK=" + name + ".us-east-1." + account, "STAGE=test-aws",
	}
	return d, serve(t, d)
}

// begin makes the double as it is before a stack.
func (d *double) begin(t *testing.T) {
	t.Helper()
	d.secret = createSecret(t)
	d.parameters, d.policy, d.version, d.executes = map[string]string{}, nil, 0, func() {}
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Error(err)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	d.mu.Lock()
	defer d.mu.Unlock()
	form, _ := url.ParseQuery(string(body)) // of CloudFormation; others have no Action
	switch {
	case strings.HasSuffix(r.URL.Path, "/invocations"):
		d.rotate(string(body))
		_, _ = io.WriteString(w, "{}")
	case strings.HasSuffix(r.URL.Path, "/aliases/live"):
		fmt.Fprintf(w, `{"FunctionVersion":"%d"}`, d.version)
	case strings.HasSuffix(r.URL.Path, "/versions") && r.Method == http.MethodPost:
		d.readPolicy(body)
		d.moto.ServeHTTP(w, r)
	case r.Header.Get("X-Amz-Target") == "secretsmanager.RotateSecret":
		d.rotateNatively()
		_, _ = io.WriteString(w, "{}")
	case form.Get("Action") != "":
		d.cloudFormation(w, r, form)
	default:
		d.moto.ServeHTTP(w, r)
	}
}

// readPolicy reads the policy of a layer that is published.
func (d *double) readPolicy(body []byte) {
	var layer struct{ Content struct{ ZipFile []byte } }
	err := json.Unmarshal(body, &layer)
	if err != nil {
		d.t.Error(err)
	}
	content := layer.Content.ZipFile
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil || len(archive.File) != 1 || archive.File[0].Name != "tokenmint.yaml" ||
		archive.File[0].Mode() != 0o644 {
		d.t.Errorf("the layer has another content: %v", err)
		return
	}
	text, err := fs.ReadFile(archive, "tokenmint.yaml")
	if err != nil {
		d.t.Error(err)
	}
	_, d.policy = config.Parse("tokenmint.yaml", text)
}

func exitText(err error) []byte {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Stderr
	}
	return nil
}

// rotate runs one event as the deployed rotator does.
func (d *double) rotate(event string) {
	cmd := exec.CommandContext(d.t.Context(), d.tokenmint, "invoke", "rotate", "--event", "-")
	cmd.Env = append(d.env, "AWS_ENDPOINT_URL="+moto.Endpoint(d.t), "PARENT_SECRET_ID="+d.secret)
	cmd.Stdin = strings.NewReader(event)
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Errorf("rotate %s: %v\n%s", event, err, dev.Show(out))
	}
}

// rotateNatively does the four steps of Secrets Manager.
func (d *double) rotateNatively() {
	version := fmt.Sprintf("native-rotation-%032d", time.Now().UnixNano())
	if err := d.service.BeginRotation(d.t.Context(), d.secret, version); err != nil {
		d.t.Error(err)
	}
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		d.rotate(fmt.Sprintf(`{"Step":%q,"SecretId":%q,"ClientRequestToken":%q}`,
			step, d.secret, version))
	}
}
