// Package deploy_test holds deploy/terraform and deploy/cdk to the template. Both have each
// parameter, with its type and its limits.
package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const root = "../.."

// parameter is one of the template, as far as a deployer chooses it.
type parameter struct {
	Name           string   `yaml:"-"`
	Type           string   `yaml:"Type"`
	Default        string   `yaml:"Default"`
	AllowedPattern string   `yaml:"AllowedPattern"`
	AllowedValues  []string `yaml:"AllowedValues"`
	MinValue       *int     `yaml:"MinValue"`
	MaxValue       *int     `yaml:"MaxValue"`
	MaxLength      *int     `yaml:"MaxLength"`
	Constraint     string   `yaml:"ConstraintDescription"`
	Description    string   `yaml:"Description"`
}

func (p parameter) isBool() bool {
	return strings.Join(p.AllowedValues, " ") == "true false"
}

// isList reports whether the parameter is a text of items with commas. CloudFormation holds each
// item of a CommaDelimitedList to the pattern, and the whole of any other text.
func (p parameter) isList() bool {
	items := regexp.MustCompile(`\(,.*\)\*$`)
	return p.Type == "CommaDelimitedList" || items.MatchString(p.AllowedPattern)
}

// text is the description with the default.
func (p parameter) text() string {
	if p.Default == "" {
		return p.Description
	}
	return p.Description + ". Default: " + p.Default
}

// template is template.yaml, in the order of the file.
type template struct {
	parameters []parameter
	outputs    []parameter // with name and description
}

func readTemplate(t *testing.T) template {
	t.Helper()
	var sections struct {
		Parameters yaml.Node `yaml:"Parameters"`
		Outputs    yaml.Node `yaml:"Outputs"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "template.yaml")), &sections); err != nil {
		t.Fatal(err)
	}
	all := template{named(t, sections.Parameters), named(t, sections.Outputs)}
	if len(all.parameters) < 30 || len(all.outputs) < 10 {
		t.Fatalf("the template has %d parameters and %d outputs: is it read as it is written?",
			len(all.parameters), len(all.outputs))
	}
	return all
}

// named returns the members of a section in their order.
func named(t *testing.T, section yaml.Node) []parameter {
	t.Helper()
	var all []parameter
	for i := 0; i < len(section.Content); i += 2 {
		p := parameter{Name: section.Content[i].Value}
		if err := section.Content[i+1].Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// separated writes a name such as JwtIssuer as jwt_issuer.
func separated(name string) string {
	return strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(name, "${1}_$2"))
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLists(t *testing.T) {
	t.Parallel()
	want := "JwtAudience AuthorizerIdentitySources PublicOrigins AllowedOrigins SubnetIds " +
		"SecurityGroupIds NoProxy"
	var got []string
	for _, p := range readTemplate(t).parameters {
		if p.isList() {
			got = append(got, p.Name)
		}
	}
	if strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}
