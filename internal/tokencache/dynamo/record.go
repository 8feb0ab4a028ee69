package dynamo

import (
	"bytes"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// Load implements [tokencache.Store].
func (s *Store) Load(ctx context.Context, key string) (tokencache.Record, error) {
	there, err := s.get(ctx, key, false)
	if err != nil {
		return tokencache.Record{}, wrap(err, "load record %s", key)
	}
	return readRecord(there), nil
}

// get returns an item. latest says whether it must be as the last write left it.
func (s *Store) get(ctx context.Context, key string, latest bool) (item, error) {
	in := &dynamodb.GetItemInput{TableName: s.table, Key: primaryKey(key), ConsistentRead: &latest}
	out, err := s.client.GetItem(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// Lease implements [tokencache.Store]. If the caller saw no record because the record is broken,
// Lease makes a second request, which replaces exactly this record.
func (s *Store) Lease(
	ctx context.Context, key string, seen tokencache.Record, lease string, now, keep time.Time,
) error {
	update := "SET v = :v, lease = :lease, leased = :now, #ttl = :ttl"
	if seen.Minted.IsZero() {
		update += " REMOVE sealed, minted, expires"
	}
	in := s.update(key, update)
	in.ExpressionAttributeNames = map[string]string{"#ttl": "ttl"} // a reserved word
	in.ExpressionAttributeValues = item{
		":v": number(format), ":lease": text(lease), ":now": instant(now), ":ttl": timeToLive(keep),
	}
	expected := item{}
	if !seen.Minted.IsZero() {
		expected["minted"] = instant(seen.Minted)
	}
	if seen.Lease != "" {
		expected["lease"] = text(seen.Lease)
	}
	expect(in, expected)
	_, err := s.client.UpdateItem(ctx, in)
	if there, ok := refused(err); ok {
		found := readRecord(there)
		switch {
		case found.Minted.UnixMilli() != seen.Minted.UnixMilli():
			return tokencache.ErrLost
		case found.Lease == lease && found.Leased.UnixMilli() == now.UnixMilli():
			return nil // the lease is ours: the first answer was lost
		case found.Lease != seen.Lease:
			return tokencache.ErrLost
		}
		expect(in, there)
		_, err = s.client.UpdateItem(ctx, in)
	}
	if _, ok := refused(err); ok {
		return tokencache.ErrLost
	}
	if err != nil {
		return wrap(err, "take lease of %s", key)
	}
	return nil
}

// expect makes an update depend on the record's minted and lease. Together they differ in each
// state of the record.
func expect(in *dynamodb.UpdateItemInput, there item) {
	condition := func(name string) string {
		value, ok := there[name]
		if !ok {
			return "attribute_not_exists(" + name + ")"
		}
		if _, unknown := value.(*types.UnknownUnionMember); unknown {
			// the SDK does not know the type and cannot send it
			return "attribute_exists(" + name + ")"
		}
		in.ExpressionAttributeValues[":seen_"+name] = value
		return name + " = :seen_" + name
	}
	in.ConditionExpression = aws.String(condition("minted") + " AND " + condition("lease"))
}

// Save implements [tokencache.Store].
func (s *Store) Save(ctx context.Context, key, lease string, r tokencache.Record) error {
	in := s.update(key, "SET sealed = :sealed, minted = :minted, expires = :expires, #ttl = :ttl "+
		"REMOVE lease, leased")
	in.ConditionExpression = aws.String("lease = :lease")
	in.ExpressionAttributeNames = map[string]string{"#ttl": "ttl"}
	in.ExpressionAttributeValues = item{
		":lease": text(lease), ":sealed": binary(r.Sealed), ":minted": instant(r.Minted),
		":expires": instant(r.Expires),
		":ttl":     timeToLive(r.Expires),
	}
	_, err := s.client.UpdateItem(ctx, in)
	if there, ok := refused(err); ok {
		if bytes.Equal(readRecord(there).Sealed, r.Sealed) {
			return nil // the token is ours, as each sealing differs: the first answer was lost
		}
		return tokencache.ErrLost
	}
	if err != nil {
		return wrap(err, "save record %s", key)
	}
	return nil
}

// Release implements [tokencache.Store].
func (s *Store) Release(ctx context.Context, key, lease string) error {
	in := s.update(key, "REMOVE lease, leased")
	in.ConditionExpression = aws.String("lease = :lease")
	in.ExpressionAttributeValues = item{":lease": text(lease)}
	_, err := s.client.UpdateItem(ctx, in)
	if _, ok := refused(err); err != nil && !ok {
		return wrap(err, "release lease of %s", key)
	}
	return nil
}
