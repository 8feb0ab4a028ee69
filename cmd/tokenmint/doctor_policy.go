package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"

	"github.com/tokenmint/tokenmint/config"
)

// checkPolicy compares the policy in the layer of the functions with the local one.
func (e examination) checkPolicy(ctx context.Context, mint, rotate, endpoint string) {
	if mint == "" || rotate == "" {
		e.note("policy: MINT_FUNCTION or ROTATE_FUNCTION is not set, so the deployed policy is " +
			"not compared")
		return
	}
	api := newLambdaAPI(e.settings.AWS.Client(endpoint), endpoint)
	layer, err := api.layerOf(ctx, mint, "live")
	other, err2 := api.layerOf(ctx, rotate, "")
	if err = errors.Join(err, err2); err != nil {
		e.wrong("policy: %s; %s", firstLine(err), awsRemedy(err,
			"lambda:GetFunctionConfiguration", "load the output Variables again"))
		return
	}
	if layer != other {
		e.note("policy: the mint reads %s, and rotate reads %s: a deployment is under way, or "+
			"one was stopped; if it stays like this, deploy again", layerName(layer),
			layerName(other))
	}
	if layer == "" {
		e.note("policy: the functions have no layer, so their policy was compiled in")
		return
	}
	e.comparePolicy(ctx, api, layer)
}

// shownChanges is how many differences of two policies doctor shows.
const shownChanges = 3

func (e examination) comparePolicy(ctx context.Context, api lambdaAPI, layer string) {
	name := layerName(layer)
	deployed, err := api.policy(ctx, layer)
	if err != nil {
		e.wrong("policy: %s: %v; %s", name, withoutRequest(err), awsRemedy(err,
			"lambda:GetLayerVersion", "deploy again: somebody deleted this version of the layer"))
		return
	}
	changes := differenceOf(deployed, e.config).Changes
	if len(changes) == 0 {
		e.ok("policy: the mint reads %s, which is equal to the local policy", name)
		return
	}
	var shown []string
	for _, c := range changes[:min(len(changes), shownChanges)] {
		shown = append(shown, c.String())
	}
	if more := len(changes) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	e.wrong("policy: the mint reads %s, and the local policy differs (%s): deploy it, or name "+
		"the deployed file with --config", name, strings.Join(shown, "; "))
}

// layerName returns the name and the number in the ARN of a layer version.
func layerName(arn string) string {
	_, name, ok := strings.Cut(arn, ":layer:")
	if !ok {
		return "no layer"
	}
	return name
}

// lambdaAPI reads functions and layers. The SDK's client has 80 more operations and would be one
// more module.
type lambdaAPI struct {
	config aws.Config
	origin string
}

func newLambdaAPI(cfg aws.Config, endpoint string) lambdaAPI {
	if endpoint != "" {
		return lambdaAPI{cfg, endpoint}
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(cfg.Region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	return lambdaAPI{cfg, "https://lambda." + cfg.Region + "." + suffix}
}

// layerOf returns the ARN of the layer version that has a function's policy, or "". An empty
// qualifier means the unpublished function.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
func (l lambdaAPI) layerOf(ctx context.Context, function, qualifier string) (string, error) {
	query := url.Values{}
	if qualifier != "" {
		query.Set("Qualifier", qualifier)
	}
	var reply struct{ Layers []struct{ Arn string } }
	path := "/2015-03-31/functions/" + url.PathEscape(function) + "/configuration"
	if err := l.get(ctx, path, query, &reply); err != nil {
		return "", fmt.Errorf("%s: %w", function, err)
	}
	for _, layer := range reply.Layers {
		if strings.Contains(layer.Arn, ":layer:tokenmint-") {
			return layer.Arn, nil
		}
	}
	return "", nil
}

// policy reads the policy in a layer version.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html
func (l lambdaAPI) policy(ctx context.Context, layer string) (*config.Config, error) {
	var reply struct{ Content struct{ Location string } }
	query := url.Values{"find": {"LayerVersion"}, "Arn": {layer}}
	if err := l.get(ctx, "/2018-10-31/layers", query, &reply); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, reply.Content.Location, nil)
	if err != nil {
		return nil, errors.New("it has no content")
	}
	packed, err := fetch(request)
	if err != nil {
		return nil, errors.New("its content cannot be downloaded") // the address is a credential
	}
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, err
	}
	file, err := archive.Open("tokenmint.yaml")
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, config.LargestFile+1))
	if err != nil {
		return nil, err
	}
	return config.Parse("tokenmint.yaml", text)
}

// get sends a signed request.
func (l lambdaAPI) get(ctx context.Context, path string, query url.Values, reply any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		l.origin+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	keys, err := l.config.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	empty := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(ctx, keys, request, hex.EncodeToString(empty[:]), "lambda",
		l.config.Region, time.Now()); err != nil {
		return err
	}
	text, err := fetch(request)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, reply)
}

// largestReply bounds a reply. The zip of the largest policy is smaller.
const largestReply = 1 << 20

// fetch returns the body of a reply with status 200. Otherwise the error has the code of AWS.
func fetch(request *http.Request) ([]byte, error) {
	reply, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, largestReply))
	if err != nil || reply.StatusCode == http.StatusOK {
		return text, err
	}
	var failure struct{ Message string }
	_ = json.Unmarshal(text, &failure) // another form has no message
	code, _, _ := strings.Cut(reply.Header.Get("X-Amzn-Errortype"), ":")
	if code == "" {
		return nil, fmt.Errorf("status %d", reply.StatusCode)
	}
	return nil, &smithy.GenericAPIError{Code: code, Message: failure.Message}
}
