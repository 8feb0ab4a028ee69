package dynamo

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// format is the number of the record format that this package writes and reads.
const format = 1

// lastInstant is the end of the year 9999 in milliseconds, which is the last time in RFC 3339. No
// record lasts longer.
const lastInstant = 253402300799999

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func binary(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }
func number[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}
func instant(t time.Time) types.AttributeValue { return number(t.UnixMilli()) }

// timeToLive returns t in seconds, rounded up.
func timeToLive(t time.Time) types.AttributeValue { return number(t.Add(time.Second - 1).Unix()) }

// reader reads attributes of an item. An absent attribute has its zero value. An attribute that no
// version of this package writes makes the whole item broken.
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

// readRecord returns the record in an item. It returns the zero Record if the item is broken or has
// another format.
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
	whole := token == !r.Minted.IsZero() && token == !r.Expires.IsZero() &&
		lease == !r.Leased.IsZero()
	if in.broken || version != format || !whole {
		return tokencache.Record{}
	}
	return r
}
