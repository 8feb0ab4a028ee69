//go:build deploy

package deploy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
)

// TestTerraformRefuses: each mistake is refused before anything is made.
func TestTerraformRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, old, with, command, reason string }{
		"a misspelt variable": {"main.tf", "policy  =", "polcy  =", "validate",
			`An argument named "polcy" is not expected here`},
		"a misspelt parameter": {"main.tf", "bucket  =", "jwt_isuer = \"\"\n  bucket  =",
			"validate", `An argument named "jwt_isuer" is not expected here`},
		"a misspelt argument of a resource": {"module/main.tf", "template_url =", "templat_url =",
			"validate", `An argument named "templat_url" is not expected here`},
		"a misspelt argument of the layer": {"module/main.tf", "skip_destroy ", "skip_destro ",
			"validate", `An argument named "skip_destro" is not expected here`},
		"an unknown output": {"main.tf", "tokenmint.variables", "tokenmint.variable", "validate",
			`This object does not have an attribute named "variable"`},
		"a file that is not of the release": {"v0.1.0/stack-arm64.yaml", "Transform:",
			"# edited\nTransform:", "plan",
			"stack-arm64.yaml is not what SHA256SUMS of the release says"},
		"a policy of another name": {"main.tf", `"tokenmint.yaml"`, `"v0.1.0/README.md"`, "plan",
			"The functions read a file of the name tokenmint.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.run("init", "-no-color")
			l.edit(tc.file, tc.old, tc.with)
			l.refuses(tc.reason, tc.command, "-no-color")
			if made := l.recorded(); len(made) != 0 {
				t.Errorf("it made %v", made)
			}
		})
	}
}

// argument writes a parameter as an argument of the module.
func argument(t *testing.T, p parameter, value string) string {
	t.Helper()
	var typed any = value
	if p.isList() {
		typed = strings.Split(value, ",")
	}
	text, err := json.Marshal(typed)
	if err != nil {
		t.Fatal(err)
	}
	return separated(p.Name) + " = " + strings.ReplaceAll(string(text), "${", "$${")
}

// TestTerraformValues: the module passes each parameter as the template takes it, and refuses what
// the template refuses.
func TestTerraformValues(t *testing.T) {
	t.Parallel()
	var values struct {
		Taken   map[string]string
		Refused [][2]string
	}
	deployers(t, &values, nil, "samples")
	parameters := map[string]parameter{}
	for _, p := range readTemplate(t).parameters {
		parameters[p.Name] = p
	}
	t.Run("taken", func(t *testing.T) {
		t.Parallel()
		l := newLab(t)
		var all []string
		for name, value := range values.Taken {
			all = append(all, argument(t, parameters[name], value))
		}
		l.edit("main.tf", "  bucket ", strings.Join(all, "\n")+"\n  bucket ")
		l.run("init", "-no-color")
		got := stack(t, l.apply())
		var version []string
		deployers(t, &version, got, "version", l.dir+"/v0.1.0/stack-x86_64.yaml")
		for _, name := range []string{"CodeBucket", "MintCodeKey", "RotateCodeKey",
			"PolicyLayerArn"} {
			delete(got, name)
		}
		want := map[string]any{}
		for name, value := range values.Taken {
			want[name] = value
		}
		if len(want) != len(parameters) || !maps.Equal(got, want) {
			t.Errorf("the stack has\n%v, want\n%v", got, want)
		}
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		l := newLab(t)
		text := ""
		for _, pair := range values.Refused {
			text += fmt.Sprintf("module \"m\" {\n  source = \"./module\"\n  bucket = \"b\"\n  "+
				"release = \"r\"\n  policy = \"tokenmint.yaml\"\n  %s\n}\n",
				argument(t, parameters[pair[0]], pair[1]))
		}
		for number := 0; strings.Contains(text, `"m"`); number++ {
			text = strings.Replace(text, `"m"`, fmt.Sprintf(`"m%d"`, number), 1)
		}
		l.write("main.tf", text)
		l.run("init", "-no-color")
		out, _ := l.tofu("validate", "-no-color", "-json")
		if found := len(regexp.MustCompile(`"severity": "error"`).FindAllString(out, -1)); //
		found != len(values.Refused) {
			t.Errorf("%d of %d values are refused:\n%s", found, len(values.Refused), out)
		}
	})
}
