//go:build moto

package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/internal/testkit/moto"
	"github.com/tokenmint/tokenmint/test/dev"
)

// cloudFormation executes a change set as a new stack, because moto cannot update this one.
func (d *double) cloudFormation(w http.ResponseWriter, r *http.Request, form url.Values) {
	switch form.Get("Action") {
	case "CreateChangeSet":
		d.changes = form
		_, _ = io.WriteString(w, `<R><CreateChangeSetResult><Id>arn:aws:cloudformation:us-east-1:`+
			account+`:changeSet/one/1</Id><StackId>one</StackId></CreateChangeSetResult></R>`)
	case "DescribeChangeSet":
		_, _ = io.WriteString(w, `<R><DescribeChangeSetResult><Status>CREATE_COMPLETE</Status>`+
			`</DescribeChangeSetResult></R>`)
	case "ExecuteChangeSet":
		d.executes()
		d.execute(r)
		_, _ = io.WriteString(w, "<R><ExecuteChangeSetResult/></R>")
	case "DescribeStacks":
		answer := d.ask(r, form)
		text := strings.Replace(answer.Body.String(), ">CREATE_COMPLETE<", ">"+d.status+"<", 1)
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, text)
	default: // STS, too
		d.moto.ServeHTTP(w, r)
	}
}

// ask sends a request of CloudFormation to moto.
func (d *double) ask(r *http.Request, form url.Values) *httptest.ResponseRecorder {
	// An interrupt of the script does not interrupt AWS.
	to, encoded := r.Clone(context.WithoutCancel(r.Context())), form.Encode()
	to.Body, to.ContentLength = io.NopCloser(strings.NewReader(encoded)), int64(len(encoded))
	answer := httptest.NewRecorder()
	d.moto.ServeHTTP(answer, to)
	return answer
}

func (d *double) execute(r *http.Request) {
	switch {
	case d.policy != nil:
		d.status = "UPDATE_ROLLBACK_COMPLETE"
		return
	case d.version == 0:
		d.status = "CREATE_COMPLETE"
	default:
		d.status = "UPDATE_COMPLETE"
		d.ask(r, url.Values{"Action": {"DeleteStack"}, "Version": d.changes["Version"],
			"StackName": {name}})
	}
	d.version++
	d.transform(d.changes)
	d.changes.Set("Action", "CreateStack")
	if answer := d.ask(r, d.changes); answer.Code != http.StatusOK {
		d.t.Errorf("create stack: %s", answer.Body)
	}
}

// transform puts a transformed template into a request that names a bucket, and the parameters that
// the stack keeps.
func (d *double) transform(form url.Values) {
	for i := 1; form.Has(fmt.Sprintf("Parameters.member.%d.ParameterKey", i)); i++ {
		member := fmt.Sprintf("Parameters.member.%d.", i)
		if form.Has(member + "ParameterValue") {
			d.parameters[form.Get(member+"ParameterKey")] = form.Get(member + "ParameterValue")
		}
	}
	maps.DeleteFunc(form, func(name string, _ []string) bool {
		return strings.HasPrefix(name, "Parameters.")
	})
	for i, key := range slices.Sorted(maps.Keys(d.parameters)) {
		member := fmt.Sprintf("Parameters.member.%d.", i+1)
		form.Set(member+"ParameterKey", key)
		form.Set(member+"ParameterValue", d.parameters[key])
	}
	at, err := url.Parse(form.Get("TemplateURL"))
	if err != nil {
		d.t.Error(err)
	}
	get := httptest.NewRequest(http.MethodGet, moto.Endpoint(d.t)+at.Path, http.NoBody)
	get.Header.Set("Authorization", authorization("s3"))
	source := httptest.NewRecorder()
	d.moto.ServeHTTP(source, get)
	parameters, err := json.Marshal(d.parameters)
	if err != nil {
		d.t.Error(err)
	}
	python := exec.CommandContext(d.t.Context(), root+"/.cache/moto/bin/python",
		"transform.py", d.mint, d.secret, string(parameters))
	python.Env = append(os.Environ(), "AWS_DEFAULT_REGION=us-east-1")
	d.template = source.Body.Bytes()
	python.Stdin = bytes.NewReader(d.template)
	template, err := python.Output()
	if err != nil {
		d.t.Errorf("transform.py: %v: %s", err, dev.Show(exitText(err)))
	}
	form.Del("TemplateURL")
	form.Set("TemplateBody", string(template))
}
