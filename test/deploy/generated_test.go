package deploy_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files that follow from template.yaml")

// TestDeployersHaveEachParameter: a parameter or an output that the template gains, changes or
// loses changes these files.
func TestDeployersHaveEachParameter(t *testing.T) {
	t.Parallel()
	from := readTemplate(t)
	for name, want := range map[string]string{
		"deploy/terraform/parameters.tf": from.variables(),
		"deploy/terraform/outputs.tf":    from.results(),
		"deploy/cdk/lib/parameters.ts":   from.props(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if *update {
				//nolint:gosec // G306: all may read it
				if err := os.WriteFile(filepath.Join(root, name), []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if read(t, name) != want {
				t.Errorf("%s does not follow from template.yaml: run go test ./test/deploy -update",
					name)
			}
		})
	}
}

const origin = "follows from template.yaml: go test ./test/deploy -update"

// variables is parameters.tf: a variable for each parameter, and their map.
func (t template) variables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# This file %s\n# A variable that is null is not passed, "+
		"so that the stack takes the default.\n", origin)
	width := 0
	for _, p := range t.parameters {
		width = max(width, len(p.Name))
		fmt.Fprintf(&b, "\nvariable %q {\n  description = %s\n  type        = %s\n"+
			"  default     = null\n", separated(p.Name), quoted(p.text()), p.terraformType())
		for _, v := range p.validations() {
			fmt.Fprintf(&b, "\n  validation {\n    condition     = var.%s == null ? true : %s\n"+
				"    error_message = %s\n  }\n", separated(p.Name), v[0],
				quoted(p.Name+": "+v[1]+"."))
		}
		fmt.Fprint(&b, "}\n")
	}
	fmt.Fprint(&b, "\nlocals {\n  parameters = {\n")
	for _, p := range t.parameters {
		value := "var." + separated(p.Name)
		if p.isList() {
			value = fmt.Sprintf("%s == null ? null : join(\",\", %s)", value, value)
		}
		fmt.Fprintf(&b, "    %-*s = %s\n", width, p.Name, value)
	}
	return b.String() + "  }\n}\n"
}

func (p parameter) terraformType() string {
	switch {
	case p.isBool():
		return "bool"
	case p.isList():
		return "list(string)"
	case p.Type == "Number":
		return "number"
	}
	return "string"
}

// validations returns conditions of the variable with what they ask for.
func (p parameter) validations() (all [][2]string) {
	name := "var." + separated(p.Name)
	switch {
	case p.isBool():
	case p.AllowedValues != nil:
		values := strings.Join(p.AllowedValues, ", ")
		listed := values
		if p.Type != "Number" {
			listed = `"` + strings.ReplaceAll(values, ", ", `", "`) + `"`
		}
		all = append(all, [2]string{fmt.Sprintf("contains([%s], %s)", listed, name),
			"one of " + values})
	case p.Type == "CommaDelimitedList":
		all = append(all, [2]string{fmt.Sprintf("alltrue([for item in %s : %s])", name,
			p.match("item")), p.Constraint})
	case p.AllowedPattern != "" && p.isList():
		all = append(all, [2]string{p.match(fmt.Sprintf(`join(",", %s)`, name)), p.Constraint})
	case p.AllowedPattern != "" && p.Constraint == "":
		all = append(all, [2]string{p.match(name), "must match " + p.AllowedPattern})
	case p.AllowedPattern != "":
		all = append(all, [2]string{p.match(name), p.Constraint})
	}
	for _, limit := range []struct {
		form, wanted string
		value        *int
	}{
		{name + " >= %d", "at least %d", p.MinValue},
		{name + " <= %d", "at most %d", p.MaxValue},
		{"length(" + name + ") <= %d", "at most %d characters", p.MaxLength},
	} {
		if limit.value != nil {
			all = append(all, [2]string{fmt.Sprintf(limit.form, *limit.value),
				fmt.Sprintf(limit.wanted, *limit.value)})
		}
	}
	return all
}

// match is the condition that the whole of a value matches the pattern.
func (p parameter) match(value string) string {
	return fmt.Sprintf("can(regex(%s, %s))", quoted("^(?:"+p.AllowedPattern+")$"), value)
}

// quoted is a text of HCL.
func quoted(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(text))
}

// results is outputs.tf.
func (t template) results() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# This file %s\n# An output that the stack does not have is null.\n", origin)
	for _, o := range t.outputs {
		fmt.Fprintf(&b, "\noutput %q {\n  description = %s\n  value       = "+
			"lookup(aws_cloudformation_stack.tokenmint.outputs, %q, null)\n}\n",
			separated(o.Name), quoted(o.Description), o.Name)
	}
	return b.String()
}

// props is parameters.ts: the names and types of the parameters.
func (t template) props() string {
	var b strings.Builder
	fmt.Fprintf(&b, "// This file %s\n\n/** The parameters of the stack. It takes the default of "+
		"those that are left out. */\nexport interface Parameters {\n", origin)
	for _, p := range t.parameters {
		fmt.Fprintf(&b, "  /** %s. */\n  readonly %s?: %s;\n", p.text(), property(p.Name),
			p.scriptType())
	}
	fmt.Fprint(&b, "}\n\n/** The outputs of the stack. Those of routes that it does not have are "+
		"missing. */\nexport type Output =\n")
	for _, o := range t.outputs {
		fmt.Fprintf(&b, "  | %q\n", o.Name)
	}
	text := b.String()
	return text[:len(text)-1] + ";\n"
}

func (p parameter) scriptType() string {
	switch {
	case p.isBool():
		return "boolean"
	case p.isList():
		return "readonly string[]"
	case p.Type == "Number" && p.AllowedValues != nil:
		return strings.Join(p.AllowedValues, " | ")
	case p.Type == "Number":
		return "number"
	case p.AllowedValues != nil:
		return `"` + strings.Join(p.AllowedValues, `" | "`) + `"`
	}
	return "string"
}

// property writes a name such as JwtIssuer as jwtIssuer.
func property(name string) string {
	return strings.ToLower(name[:1]) + name[1:]
}
