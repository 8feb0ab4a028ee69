// Package dynamo is the adapter of tokencache.Store to DynamoDB. One table has the shared tokens
// and the ledgers of the mint budget. No other package that a function links imports the SDK's
// client of DynamoDB.
//
// The table has one key, the string pk. The attribute ttl is its time to live. The functions need
// only the rights GetItem and UpdateItem. Times are milliseconds since 1970, and ttl is in seconds.
// An attribute without a value is absent. A record has these attributes:
//
//	pk                            the record's key
//	v                             the record's format: 1
//	sealed, minted, expires       the token: binary, time, time
//	lease, leased                 the lease: string, time
//
// A ledger has these attributes:
//
//	pk                            "budget#" and the start of a minute, in RFC 3339 and UTC
//	total                         the number of mints in the minute
//	p#NAME                        the number of mints of one profile in the minute
//	closed                        the end of the time in which the budget is closed
//
// The content of the table is not trusted. A broken record, or one in another format, counts as
// absent, and the next lease replaces it. A broken ledger is an error until its minute is over.
//
// The SDK repeats a request whose answer was lost. A repeated lease or save finds its own effect. A
// repeated spend counts twice, which never exceeds the budget.
//
// Records are read with eventual consistency. That costs half as much as a consistent read and
// allows twice the rate. [tokencache.Store] says why it is enough.
package dynamo

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// Store is a [tokencache.Store] that all instances share. It uses the client's retries and
// timeouts. Methods may be called at the same time.
type Store struct {
	client *dynamodb.Client
	table  *string
}

// New returns a store in this table. The client must not be nil. New makes no request.
func New(client *dynamodb.Client, table string) *Store {
	return &Store{client: client, table: &table}
}

// item has attributes of one row of the table.
type item = map[string]types.AttributeValue

// update returns a write. If its condition does not hold, the error contains the existing item.
func (s *Store) update(key, expression string) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName:                           s.table,
		Key:                                 primaryKey(key),
		UpdateExpression:                    &expression,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

func primaryKey(key string) item { return item{"pk": text(key)} }

// refused reports whether a write's condition did not hold, and returns the existing item.
func refused(err error) (there item, ok bool) {
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return failed.Item, true
	}
	return nil, false
}

// wrap adds the operation to an error. For a reply that cannot be read, it hides the SDK's text,
// because the text quotes the reply, which may contain a sealed token. errors.Is still finds causes
// such as context.Canceled.
func wrap(err error, format string, args ...any) error {
	if isThrottled(err) {
		return fmt.Errorf("%s: %w: %w", fmt.Sprintf(format, args...), tokencache.ErrThrottled, err)
	}
	_, unread := errors.AsType[*smithy.DeserializationError](err)
	if reply, ok := errors.AsType[*awshttp.ResponseError](err); ok && unread {
		err = &unreadReply{reply}
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}

// isThrottled reports whether DynamoDB has refused a call because a limit of the partition, the
// table or the account is reached. The SDK knows the codes.
func isThrottled(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool()
}

type unreadReply struct {
	reply *awshttp.ResponseError
}

func (u *unreadReply) Error() string {
	return fmt.Sprintf("reply with status %d to request %q cannot be read",
		u.reply.HTTPStatusCode(), u.reply.ServiceRequestID())
}

func (u *unreadReply) Unwrap() error { return u.reply }
