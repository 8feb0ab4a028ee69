package setup

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// AWS says how to reach the services of AWS. The functions build their clients directly and do not
// load the SDK's shared configuration. On Lambda the environment has everything, and loading would
// cost a waiting caller milliseconds.
type AWS struct {
	Region                 string
	Credentials            aws.CredentialsProvider
	SecretsManagerEndpoint string // "" means AWS's own
	DynamoDBEndpoint       string // "" means AWS's own
	EventBridgeEndpoint    string // "" means AWS's own

	// NoEvents is true if Secrets Manager is a double, which has an http address, and EventBridge
	// has none. Events about simulated tokens must not reach a real bus.
	NoEvents bool

	// Loaded is the SDK's shared configuration, if the caller has loaded it. It replaces all fields
	// above.
	Loaded *aws.Config
}

// SecretsManager returns the configuration of a client of Secrets Manager.
func (a AWS) SecretsManager() aws.Config { return a.Client(a.SecretsManagerEndpoint) }

// DynamoDB returns the configuration of a client of DynamoDB.
func (a AWS) DynamoDB() aws.Config { return a.Client(a.DynamoDBEndpoint) }

// EventBridge returns the configuration of a client of EventBridge.
func (a AWS) EventBridge() aws.Config {
	config := a.Client(a.EventBridgeEndpoint)
	if a.EventBridgeEndpoint != "" {
		config.BaseEndpoint = &a.EventBridgeEndpoint
	}
	return config
}

// idleLimit is how long an idle connection is kept. Lambda freezes an instance between requests.
// When the instance continues, the other side may have closed an older connection.
const idleLimit = 30 * time.Second

// Client returns the configuration of a client of the service at endpoint. An empty endpoint means
// AWS's own.
func (a AWS) Client(endpoint string) aws.Config {
	if a.Loaded != nil {
		return *a.Loaded
	}
	short := func(t *http.Transport) { t.IdleConnTimeout = idleLimit }
	config := aws.Config{
		Region:      a.Region,
		Credentials: a.Credentials,
		HTTPClient:  awshttp.NewBuildableClient().WithTransportOptions(short),
	}
	if endpoint != "" {
		config.BaseEndpoint = &endpoint
	}
	return config
}

// readAWS reads the SDK's own variables. If all services in use have an endpoint variable, they are
// doubles. Then region and credentials may be absent, and readAWS sets placeholders, since the SDK
// signs every request.
func readAWS(getenv func(string) string, table bool) (AWS, error) {
	all := getenv("AWS_ENDPOINT_URL")
	a := AWS{
		Region:                 cmp.Or(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")),
		SecretsManagerEndpoint: cmp.Or(getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER"), all),
		DynamoDBEndpoint:       cmp.Or(getenv("AWS_ENDPOINT_URL_DYNAMODB"), all),
		EventBridgeEndpoint:    cmp.Or(getenv("AWS_ENDPOINT_URL_EVENTBRIDGE"), all),
	}
	keys := aws.Credentials{
		AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	if a.SecretsManagerEndpoint != "" && (a.DynamoDBEndpoint != "" || !table) {
		a.Region = cmp.Or(a.Region, "us-east-1")
		if !keys.HasKeys() {
			keys.AccessKeyID, keys.SecretAccessKey = "local", "local"
		}
	}
	switch {
	case a.Region == "":
		return AWS{}, errors.New(
			"AWS_REGION is not set: it must name the region of the parent secret")
	case !keys.HasKeys():
		return AWS{}, errors.New("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set: Lambda " +
			"sets both; elsewhere they must be exported")
	}
	provide := func(context.Context) (aws.Credentials, error) { return keys, nil }
	a.Credentials = aws.CredentialsProviderFunc(provide)
	return a, nil
}
