package awsstore

import (
	"errors"
	"fmt"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// classify adds the error of package secrets to the service's error, which has the request id.
// Throttling, server errors and lost answers stay as they are, because their outcome is unknown.
func classify(err error) error {
	fault, isFault := errors.AsType[smithy.APIError](err)
	reply, isReply := errors.AsType[*awshttp.ResponseError](err)
	if isReply && reply.HTTPStatusCode() != 0 && (!isFault || reply.HTTPStatusCode() < 300) {
		return &unreadValue{reply}
	}
	if !isFault {
		return err
	}
	refusal := refusalFor(fault.ErrorCode())
	if refusal == nil {
		return err
	}
	return fmt.Errorf("%w: %w", refusal, err)
}

// unreadValue is the error for a reply whose body cannot be read. It hides the SDK's text, which
// quotes the body and so may contain a secret value. errors.Is still finds causes such as
// context.Canceled.
type unreadValue struct {
	reply *awshttp.ResponseError
}

func (u *unreadValue) Error() string {
	return fmt.Sprintf("reply with status %d to request %q cannot be read",
		u.reply.HTTPStatusCode(), u.reply.ServiceRequestID())
}

func (u *unreadValue) Unwrap() error { return u.reply }

// refusalFor returns the error of package secrets for a code, or nil. The codes are from the API
// reference: the section Errors of each operation, and Common Errors.
func refusalFor(code string) error {
	switch code {
	case "ResourceNotFoundException":
		return secrets.ErrNotFound
	case "ResourceExistsException":
		return secrets.ErrExists
	case "InvalidParameterException", "ValidationException", "LimitExceededException",
		"InvalidRequestException": // for example: the secret is scheduled for deletion
		return secrets.ErrInvalid
	// the last two: the encryption key
	case "AccessDeniedException", "DecryptionFailure", "EncryptionFailure",
		"ExpiredTokenException", "InvalidSignatureException", "UnrecognizedClientException":
		return secrets.ErrDenied
	}
	return nil
}
