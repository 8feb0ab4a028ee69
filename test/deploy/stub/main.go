// Command stub stands for the providers aws and archive, for the test of deploy/terraform. Its
// file name decides for which one. It knows the arguments that the module uses, reaches nothing,
// and appends what it is given to the file STUB_LOG, as a line of JSON each. STUB_FAIL names an
// operation that fails, such as "update aws_cloudformation_stack".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func main() {
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "terraform-provider-")
	err := providerserver.Serve(context.Background(), func() provider.Provider {
		return stub(name)
	}, providerserver.ServeOpts{Address: "registry.opentofu.org/hashicorp/" + name})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// stub is the provider of a name.
type stub string

func (s stub) Metadata(_ context.Context, _ provider.MetadataRequest,
	resp *provider.MetadataResponse) {
	resp.TypeName = string(s)
}

func (s stub) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	if s == "aws" {
		resp.Schema.Attributes = map[string]schema.Attribute{
			"region": schema.StringAttribute{Optional: true},
		}
	}
}

func (stub) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (s stub) Resources(context.Context) (all []func() resource.Resource) {
	if s == "aws" {
		for name := range resources {
			all = append(all, func() resource.Resource { return &kind{name} })
		}
	}
	return all
}

func (s stub) DataSources(context.Context) []func() datasource.DataSource {
	if s == "aws" {
		return []func() datasource.DataSource{func() datasource.DataSource { return bucket{} }}
	}
	return []func() datasource.DataSource{func() datasource.DataSource { return archive{} }}
}

// record appends an operation to the log, or returns the error that STUB_FAIL asks for. It returns
// how many operations of that kind are in the log.
func record(operation, kind string, given tftypes.Value) (int, error) {
	if os.Getenv("STUB_FAIL") == operation+" "+kind {
		return 0, fmt.Errorf("%s of %s fails, as STUB_FAIL asks", operation, kind)
	}
	line, err := json.Marshal(map[string]any{
		"operation": operation, "kind": kind, "given": plain(given),
	})
	if err != nil {
		return 0, err
	}
	//nolint:gosec // G703: the test names the file
	file, err := os.OpenFile(os.Getenv("STUB_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return 0, err
	}
	if err := file.Close(); err != nil {
		return 0, err
	}
	all, err := os.ReadFile(file.Name()) //nolint:gosec // G304: the test names the file
	return strings.Count(string(all), `"kind":"`+kind+`"`), err
}

// plain returns a value as JSON has it. Text, lists and maps of text are all that the module gives.
func plain(value tftypes.Value) any {
	var text string
	var flag bool
	var list []tftypes.Value
	var members map[string]tftypes.Value
	switch {
	case !value.IsKnown() || value.IsNull():
		return nil
	case value.As(&text) == nil:
		return text
	case value.As(&flag) == nil:
		return flag
	case value.As(&list) == nil:
		all := []any{}
		for _, item := range list {
			all = append(all, plain(item))
		}
		return all
	case value.As(&members) == nil:
		all := map[string]any{}
		for name, member := range members {
			all[name] = plain(member)
		}
		return all
	}
	return value.String()
}
