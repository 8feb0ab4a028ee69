// Command hello is a yardstick: the least that answers an HTTP request on Lambda with Go. It reads
// the event as every handler behind API Gateway does, and says the same to everybody. What the mint
// takes beyond it is what the mint costs.
package main

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handle) }

func handle(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse,
	error) {
	return events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"Content-Type": "text/plain"},
		Body:       "hello, world",
	}, nil
}
