package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

type diagnostics = diag.Diagnostics

var (
	required = schema.StringAttribute{Required: true}
	computed = schema.StringAttribute{Computed: true}
)

// bucket is aws_s3_bucket.
type bucket struct{}

func (bucket) Metadata(_ context.Context, _ datasource.MetadataRequest,
	resp *datasource.MetadataResponse) {
	resp.TypeName = "aws_s3_bucket"
}

func (bucket) Schema(_ context.Context, _ datasource.SchemaRequest,
	resp *datasource.SchemaResponse) {
	resp.Schema.Attributes = map[string]schema.Attribute{
		"bucket": required, "bucket_regional_domain_name": computed,
	}
}

func (bucket) Read(ctx context.Context, req datasource.ReadRequest,
	resp *datasource.ReadResponse) {
	var name string
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("bucket"), &name)...)
	resp.State.Raw = req.Config.Raw
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("bucket_regional_domain_name"),
		name+".s3.eu-central-1.amazonaws.com")...)
}

// archive is archive_file. It writes a zip of one file, with its name and the given mode.
type archive struct{}

func (archive) Metadata(_ context.Context, _ datasource.MetadataRequest,
	resp *datasource.MetadataResponse) {
	resp.TypeName = "archive_file"
}

func (archive) Schema(_ context.Context, _ datasource.SchemaRequest,
	resp *datasource.SchemaResponse) {
	resp.Schema.Attributes = map[string]schema.Attribute{
		"type": required, "source_file": required, "output_path": required,
		"output_file_mode": required, "output_base64sha256": computed,
	}
}

func (archive) Read(ctx context.Context, req datasource.ReadRequest,
	resp *datasource.ReadResponse) {
	given := map[string]string{"source_file": "", "output_path": "", "output_file_mode": ""}
	for name := range given {
		var value string
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(name), &value)...)
		given[name] = value
	}
	data, err := zipped(given["source_file"], given["output_file_mode"])
	if err == nil {
		err = os.WriteFile(given["output_path"], data, 0o600)
	}
	if err != nil {
		resp.Diagnostics.AddError(err.Error(), "")
		return
	}
	sum := sha256.Sum256(data)
	resp.State.Raw = req.Config.Raw
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("output_base64sha256"),
		base64.StdEncoding.EncodeToString(sum[:]))...)
}

func zipped(file, mode string) ([]byte, error) {
	data, err := os.ReadFile(file) //nolint:gosec // G304: the policy
	if err != nil {
		return nil, err
	}
	bits, err := strconv.ParseUint(mode, 0, 32)
	if err != nil {
		return nil, err
	}
	header := zip.FileHeader{Name: filepath.Base(file), Method: zip.Deflate}
	header.SetMode(os.FileMode(bits))
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	entry, err := w.CreateHeader(&header)
	if err != nil {
		return nil, err
	}
	if _, err := entry.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
