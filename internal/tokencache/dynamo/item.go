package dynamo

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// format is the number of the record's format that this package writes and reads.
const format = 1

// lastInstant is the end of the year 9999 in milliseconds, the last time that RFC 3339 can say. No record lasts longer.
const lastInstant = 253402300799999

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func binary(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }
func number[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}
func instant(t time.Time) types.AttributeValue { return number(t.UnixMilli()) }

// timeToLive is a whole second, at the time or just after it.
func timeToLive(t time.Time) types.AttributeValue { return number(t.Add(time.Second - 1).Unix()) }

// reader takes attributes out of an item. One that is absent has its zero value; one that no version of this package would
// have written makes the whole item broken.
type reader struct {
	item   item
	broken bool
}

func (r *reader) text(name string) string {
	switch value := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return value.Value
	default:
		r.broken = true
	}
	return ""
}

func (r *reader) binary(name string) []byte {
	switch value := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberB:
		return value.Value
	default:
		r.broken = true
	}
	return nil
}

// number is a whole number from 0 to most.
func (r *reader) number(name string, most int64) int64 {
	switch value := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(value.Value, 10, 64)
		if err == nil && n >= 0 && n <= most {
			return n
		}
		r.broken = true
	default:
		r.broken = true
	}
	return 0
}

func (r *reader) instant(name string) time.Time {
	if ms := r.number(name, lastInstant); ms > 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

// readRecord returns what the item holds, and the zero Record if it is not a record of this format, whole and sound.
func readRecord(i item) tokencache.Record {
	in := reader{item: i}
	version := in.number("v", format)
	r := tokencache.Record{
		Sealed:  in.binary("sealed"),
		Minted:  in.instant("minted"),
		Expires: in.instant("expires"),
		Lease:   in.text("lease"),
		Leased:  in.instant("leased"),
	}
	token, lease := len(r.Sealed) > 0, r.Lease != ""
	whole := token == !r.Minted.IsZero() && token == !r.Expires.IsZero() && lease == !r.Leased.IsZero()
	if in.broken || version != format || !whole {
		return tokencache.Record{}
	}
	return r
}
