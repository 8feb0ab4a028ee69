// Package dynamo keeps the shared tokens and the ledger of the budget in a DynamoDB table. It is apart from package tokencache,
// whose contract it keeps, because it alone needs this part of the AWS SDK.
//
// The table has one key, the string pk, and ttl as its attribute for time to live. GetItem and UpdateItem are all the rights needed.
// Times are numbers of milliseconds since 1970, ttl of seconds; an attribute without a value is absent.
//
//	pk                            a record's key, or
//	v                             the record's format: 1
//	sealed, minted, expires       its token: binary, time, time
//	lease, leased                 its lease: string, time
//
//	pk                            "budget#" and the beginning of a minute, in RFC 3339 and UTC
//	total                         mints taken out of the minute
//	p#NAME                        the same, of one profile
//	closed                        until when the budget is closed
//
// What the table holds is not trusted. A record in another format, or one that no version of this package would write, reads as
// none and gives way to the next lease. A ledger of that kind is an error, until its minute is over.
//
// The SDK repeats a request whose answer was lost. A repeated lease or save finds itself done; a repeated spend counts twice,
// which errs to the safe side.
package dynamo

import (
	"errors"
	"fmt"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// Store is a [github.com/tokenmint/tokenmint/internal/tokencache.Store] that all instances share. The client's retries and timeouts apply.
type Store struct {
	client *dynamodb.Client
	table  *string
}

// New returns the store in the table behind the client.
func New(client *dynamodb.Client, table string) *Store {
	return &Store{client: client, table: &table}
}

// item is a row of the table, or a part of one.
type item = map[string]types.AttributeValue

// update returns a write that tells, should its condition not hold, what is there instead.
func (s *Store) update(key, expression string) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName:                           s.table,
		Key:                                 primaryKey(key),
		UpdateExpression:                    &expression,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

func primaryKey(key string) item { return item{"pk": text(key)} }

// refused tells whether a write's condition did not hold, and what is there.
func refused(err error) (there item, ok bool) {
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return failed.Item, true
	}
	return nil, false
}

// wrap says what was going on. Of a reply that cannot be read the SDK's text quotes a part, which may be a sealed token, so that
// text is left out; causes such as context.Canceled are found by errors.Is as ever.
func wrap(err error, format string, args ...any) error {
	_, unread := errors.AsType[*smithy.DeserializationError](err)
	if reply, ok := errors.AsType[*awshttp.ResponseError](err); ok && unread {
		err = &unreadable{reply}
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}

type unreadable struct {
	reply *awshttp.ResponseError
}

func (u *unreadable) Error() string {
	return fmt.Sprintf("reply with status %d to request %q cannot be read", u.reply.HTTPStatusCode(), u.reply.ServiceRequestID())
}

func (u *unreadable) Unwrap() error { return u.reply }
