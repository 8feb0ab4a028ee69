// Command plain is a yardstick: the handler that a team writes when it needs temporary Mapbox
// tokens and has an afternoon. It loads the SDK's configuration, reads the parent token from
// Secrets Manager, asks the Tokens API for a temporary token and passes the reply on. It is not
// slow on purpose: clients are made once, before the first request. It knows no callers, shares
// nothing and logs nothing, so it does far less than the mint.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"                 //nolint:depguard // as others write it
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager" //nolint:depguard // as others write it
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	h := handler{secretsmanager.NewFromConfig(cfg), os.Getenv("PARENT_SECRET_ID"),
		os.Getenv("TOKENS_API_URL"), os.Getenv("MAPBOX_USERNAME")}
	lambda.Start(h.handle)
}

type handler struct {
	secrets                   *secretsmanager.Client
	secretID, tokensAPI, user string
}

func (h handler) handle(ctx context.Context,
	_ events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	secret, err := h.secrets.GetSecretValue(ctx,
		&secretsmanager.GetSecretValueInput{SecretId: &h.secretID})
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read parent token: %w", err)
	}
	status, reply, err := h.mint(ctx, *secret.SecretString)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Body:       string(reply),
	}, nil
}

// mint posts to the Tokens API. The parent token is in the address, so the error of a request is
// not passed on.
func (h handler) mint(ctx context.Context, parent string) (status int, reply []byte, err error) {
	body, err := json.Marshal(map[string]any{
		"scopes":  []string{"styles:tiles", "styles:read", "fonts:read"},
		"expires": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	})
	if err != nil {
		return 0, nil, err
	}
	address := h.tokensAPI + "/tokens/v2/" + h.user + "?access_token=" + url.QueryEscape(parent)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("the address of the Tokens API is wrong")
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, errors.New("the Tokens API does not answer")
	}
	defer res.Body.Close()
	reply, err = io.ReadAll(res.Body)
	return res.StatusCode, reply, err
}
