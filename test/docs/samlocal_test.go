//go:build samples

package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/test/dev"
)

// TestSampleSAMLocal runs docs/sam-local.md and checks what its commands answer. It needs sam from
// pip in the PATH, the ports of the page, and a Docker engine: one that runs, or dockerd and root.
func TestSampleSAMLocal(t *testing.T) {
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	startEngine(t)
	makeImage(t, "public.ecr.aws/lambda/provided:al2023-"+arch, arch)
	t.Setenv("SAM_CLI_TELEMETRY", "0")
	t.Setenv("SAM_SKIP_PULL_IMAGE", "1")
	t.Cleanup(func() {
		_ = os.Remove(filepath.Join(root, ".env.sam.json"))
		_ = os.RemoveAll(filepath.Join(root, ".aws-sam/local-x86_64"))
	})

	// What a block exports is there for the next, as in a terminal.
	exports := filepath.Join(t.TempDir(), "exports")
	if err := os.WriteFile(exports, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var lines, seen []string
	for _, block := range blocksOf(t, samLocal, "sh") {
		if arch == "arm64" { // as the page says
			block.Text = strings.ReplaceAll(block.Text, " --config-env local-x86_64", "")
		}
		terminal := "source " + exports + "\n" + block.Text
		switch words := strings.Fields(block.Text); {
		case startsDev(block):
			lines = dev.StartSample(t, root, block.Text)
		case strings.HasPrefix(block.Text, "sam local start-api"):
			startAPI(t, terminal)
		case strings.HasPrefix(block.Text, "sam local invoke"):
			event := words[slices.Index(words, "-e")+1]
			out := shell(t, block, terminal)
			same(t, out, strings.Replace(event, "events/", "events/replies/", 1))
			if seen = append(seen, event); event == "events/mint-iam.json" {
				isValid(t, out, dev.Value(lines, "TOKENS_API_URL"))
			}
		case words[0] == "curl":
			isRefusal(t, shell(t, block, terminal))
			seen = append(seen, "refusal")
		default:
			shell(t, block, terminal+"export -p >"+exports+"\n")
		}
	}
	want := []string{"events/mint-iam.json", "events/mint-jwt.json", "events/mint-custom.json",
		"events/mint-public.json", "events/schedule.json", "refusal"}
	if !slices.Equal(seen, want) { // the page has lost a command
		t.Errorf("the page shows %v, want %v", seen, want)
	}
}

// startEngine does nothing where a Docker engine runs. Its own engine leaves the machine's packet
// filter alone: a container reaches the host over the bridge without a rule.
func startEngine(t *testing.T) {
	t.Helper()
	isUp := func() bool { return exec.CommandContext(t.Context(), "docker", "info").Run() == nil }
	if isUp() {
		return
	}
	_, before := os.Stat("/sys/class/net/docker0")
	dir := t.TempDir()
	t.Setenv("DOCKER_HOST", "unix://"+dir+"/engine.sock")
	log, err := os.Create(dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	engine := exec.Command("dockerd", //nolint:noctx // the cleanup ends it
		"--host", "unix://"+dir+"/engine.sock", "--pidfile", dir+"/engine.pid",
		"--data-root", dir+"/data", "--exec-root", dir+"/exec",
		"--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")
	engine.Stderr = log
	if err := engine.Start(); err != nil {
		t.Fatalf("no Docker engine answers; starting one needs docker, dockerd and root: %v", err)
	}
	t.Cleanup(func() {
		_ = engine.Process.Signal(os.Interrupt)
		_ = engine.Wait() // it is over
		logOfFailure(t, log.Name())
		if before != nil { // the bridge is the engine's
			_ = exec.Command("ip", "link", "delete", "docker0").Run() //nolint:noctx // as above
		}
	})
	await(t, isUp)
}

// await waits at most three minutes: a machine may be busy.
func await(t *testing.T, isReady func() bool) {
	t.Helper()
	for start := time.Now(); !isReady(); time.Sleep(100 * time.Millisecond) {
		if time.Since(start) > 3*time.Minute {
			t.Fatal("it did not become ready")
		}
	}
}

// imageShell is all of a shell that sam needs in its image: it moves the emulator, and makes it a
// program.
const imageShell = `package main

import (
	"os"
	"strings"
)

func main() { // sh -c 'mv FROM TO && chmod +x TO'
	words := strings.Fields(os.Args[2])
	if err := os.Rename(words[1], words[2]); err != nil {
		panic(err)
	}
	if err := os.Chmod(words[2], 0o755); err != nil {
		panic(err)
	}
}
`

// makeImage makes the image that sam looks for. It holds the emulator that the SAM CLI carries,
// and a shell with which sam adds the layer. So the test pulls nothing. At the end an earlier image
// has its name again.
func makeImage(t *testing.T, image, arch string) {
	t.Helper()
	sam, err := exec.LookPath("sam")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(sam), "python3"),
		"-c", "import samcli; print(samcli.__path__[0])").Output()
	if err != nil {
		t.Fatalf("sam is not from pip: %v", err)
	}
	emulator := strings.TrimSpace(string(out)) + "/local/rapid/aws-lambda-rie-" + arch
	root := t.TempDir()
	if err := os.WriteFile(root+"/main.go", []byte(imageShell), 0o600); err != nil {
		t.Fatal(err)
	}
	script := func(text string) string {
		bash := exec.Command("bash", "-euo", "pipefail", "-c", text) //nolint:noctx // some clean up
		bash.Env = append(os.Environ(), "IMAGE="+image, "ROOT="+root, "EMULATOR="+emulator)
		said, err := bash.Output()
		if err != nil {
			t.Errorf("%v: %s", err, text)
		}
		return strings.TrimSpace(string(said))
	}
	before := script(`docker image inspect --format '{{.Id}}' "$IMAGE" 2>/dev/null || true`)
	made := script(`mkdir -p "$ROOT/var/rapid" "$ROOT/bin" "$ROOT/opt"
		install -m 755 "$EMULATOR" "$ROOT/var/rapid/aws-lambda-rie"
		CGO_ENABLED=0 go build -o "$ROOT/bin/sh" "$ROOT/main.go"
		tar -C "$ROOT" -c var bin opt | docker import - "$IMAGE"`)
	t.Cleanup(func() {
		// An interrupted sam leaves containers.
		script(`for left in $(docker ps --all --quiet --filter "ancestor=` + made + `"); do
				docker rm --force "$left"
			done
			docker rmi $(docker images --quiet --filter "since=$IMAGE" 'samcli/*') "$IMAGE"`)
		if before != "" {
			script(`docker tag ` + before + ` "$IMAGE"`)
		}
	})
}

// startAPI runs a block that starts the API, until the test's end.
func startAPI(t *testing.T, script string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	script = "exec >" + log + " 2>&1\n" + strings.Replace(script, "sam local", "exec sam local", 1)
	//nolint:noctx // the cleanup ends it
	api := exec.Command("bash", "-euo", "pipefail", "-c", script)
	api.Dir = root
	if err := api.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = api.Process.Signal(os.Interrupt)
		_ = api.Wait() // what it answered is what counts
		logOfFailure(t, log)
	})
	await(t, func() bool {
		text, err := os.ReadFile(log)
		return err == nil && bytes.Contains(text, []byte("Running on"))
	})
}

func logOfFailure(t *testing.T, file string) {
	t.Helper()
	if text, err := os.ReadFile(file); err == nil && t.Failed() {
		t.Logf("%s", dev.Show(text))
	}
}

// varying has what differs from run to run, and its placeholder in events/replies.
var varying = []struct{ pattern, name string }{
	{`tk\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}`, `TOKEN`},
	{`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z`, `TIME`},
	{`(\\"expires_in\\":)[0-9]+`, `${1}SECONDS`},
	{`"cm[0-9a-z]{23}"`, `"ID"`},
}

// same compares a reply with a file of events/replies.
func same(t *testing.T, reply []byte, file string) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, bytes.TrimSpace(reply), "", "  "); err != nil {
		t.Fatalf("%v: %s", err, dev.Show(reply))
	}
	got := indented.String()
	for _, v := range varying {
		got = regexp.MustCompile(v.pattern).ReplaceAllString(got, v.name)
	}
	if want := strings.TrimSpace(read(t, file)); got != want {
		t.Errorf("got\n%s\nwant\n%s", dev.Show([]byte(got)), want)
	}
}

// isValid asks the simulator what it thinks of the token in the mint's reply.
func isValid(t *testing.T, reply []byte, mapbox string) {
	t.Helper()
	var outer struct{ Body string }
	var inner struct{ Token string }
	if err := json.Unmarshal(reply, &outer); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(outer.Body), &inner); err != nil {
		t.Fatal(err)
	}
	url := mapbox + "/tokens/v2?access_token=" + inner.Token
	got, err := http.Get(url) //nolint:gosec,noctx // a simulator
	if err != nil {
		t.Fatal("the simulator does not answer") // the error names the token
	}
	defer got.Body.Close()
	var verdict struct{ Code string }
	if err := json.NewDecoder(got.Body).Decode(&verdict); err != nil ||
		verdict.Code != "TokenValid" {
		t.Errorf("the simulator says %s of the minted token: %v", verdict.Code, err)
	}
}

// isRefusal compares an answer with the refusal in events/replies, except for the request's id.
func isRefusal(t *testing.T, answer []byte) {
	t.Helper()
	var file struct {
		StatusCode int
		Body       string
	}
	text := read(t, "events/replies/mint-unauthorised.json")
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	id := regexp.MustCompile(`"request_id":"[^"]+"`)
	status := regexp.MustCompile(fmt.Sprintf(`^HTTP/1\.\d %d `, file.StatusCode))
	if !status.Match(answer) || !id.MatchString(body) ||
		id.ReplaceAllString(strings.TrimSpace(body), "") != id.ReplaceAllString(file.Body, "") {
		t.Errorf("got %s", answer)
	}
}
