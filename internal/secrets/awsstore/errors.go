package awsstore

import (
	"errors"
	"fmt"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// classify adds package secrets' word for the service's error, and keeps the error: it has the request id.
// Throttling, server errors and lost answers are left as they are, since they do not tell the outcome.
func classify(err error) error {
	fault, isFault := errors.AsType[smithy.APIError](err)
	reply, isReply := errors.AsType[*awshttp.ResponseError](err)
	if isReply && reply.HTTPStatusCode() != 0 && (!isFault || reply.HTTPStatusCode() < 300) {
		return &unreadable{reply}
	}
	if !isFault {
		return err
	}
	word := wordFor(fault.ErrorCode())
	if word == nil {
		return err
	}
	return fmt.Errorf("%w: %w", word, err)
}

// unreadable is a reply whose body could not be read. The SDK's text for it quotes the body, which may hold
// a secret value; causes such as context.Canceled are found by errors.Is as ever.
type unreadable struct {
	reply *awshttp.ResponseError
}

func (u *unreadable) Error() string {
	return fmt.Sprintf("reply with status %d to request %q cannot be read", u.reply.HTTPStatusCode(), u.reply.ServiceRequestID())
}

func (u *unreadable) Unwrap() error { return u.reply }

// wordFor reads the codes of the API reference (each operation's section Errors, and Common Errors).
func wordFor(code string) error {
	switch code {
	case "ResourceNotFoundException":
		return secrets.ErrNotFound
	case "ResourceExistsException":
		return secrets.ErrExists
	case "InvalidParameterException", "ValidationException", "LimitExceededException",
		"InvalidRequestException": // for example, the secret is scheduled for deletion
		return secrets.ErrInvalid
	case "AccessDeniedException", "DecryptionFailure", "EncryptionFailure", // the last two: the encryption key
		"ExpiredTokenException", "InvalidSignatureException", "UnrecognizedClientException":
		return secrets.ErrDenied
	}
	return nil
}
