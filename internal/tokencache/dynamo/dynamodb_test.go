//go:build moto

package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenmint/tokenmint/internal/testkit/moto"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/internal/tokencache/dynamo"
	"github.com/tokenmint/tokenmint/internal/tokencache/storetest"
)

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) tokencache.Store {
		client, table := newTable(t)
		return dynamo.New(client, table)
	})
}

// TestItems: what the table holds, as an operator sees it and as the template's time to live finds
// it.
func TestItems(t *testing.T) {
	t.Parallel()
	client, table := newTable(t)
	store, ctx := dynamo.New(client, table), t.Context()
	must(t, store.Lease(ctx, key, tokencache.Record{}, "a", now, keep.Add(time.Minute)))
	expect(t, client, table, key, item{
		"pk": text(key), "v": number("1"), "lease": text("a"), "leased": number("1767366245678"),
		"ttl": number("1767369906"),
	})
	must(t, store.Save(ctx, key, "a", one))
	saved := item{
		"pk": text(key), "v": number("1"),
		"sealed": &types.AttributeValueMemberB{Value: one.Sealed},
		"minted": number("1767366245678"), "expires": number("1767369845678"),
		"ttl": number("1767369846"),
	}
	expect(t, client, table, key, saved)
	must(t, store.Lease(ctx, key, one, "b", now, now.Add(time.Millisecond)))
	must(t, store.Release(ctx, key, "b"))
	saved["ttl"] = number("1767366246")
	expect(t, client, table, key, saved)

	for _, profile := range []string{"web-map", "web-map", "uploads"} {
		_, err := store.Spend(ctx, tokencache.Spend{Now: now, Limit: 80, Profile: profile})
		must(t, err)
	}
	const ledger, ttl = "budget#2026-01-02T15:04:00Z", "1767369900" // an hour after its minute
	counts := item{"pk": text(ledger), "ttl": number(ttl), "total": number("3"),
		"p#web-map": number("2"), "p#uploads": number("1")}
	expect(t, client, table, ledger, counts)
	must(t, store.CloseBudget(ctx, now, now.Add(time.Minute)))
	counts["closed"] = number("1767366305678")
	expect(t, client, table, ledger, counts)
	want := dynamo.Ledger{Spent: 3, Profiles: map[string]int{"web-map": 2, "uploads": 1},
		Closed: now.Add(time.Minute)}
	if got, err := store.Ledger(ctx, now); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("ledger %+v, %v, want %+v", got, err, want)
	}
	expect(t, client, table, "budget#2026-01-02T15:05:00Z", item{
		"pk": text("budget#2026-01-02T15:05:00Z"), "closed": number("1767366305678"),
		"ttl": number("1767369960"),
	})
}

// TestGarbageGivesWay: over what cannot be read a lease is taken once, whoever tries, and a token
// comes of it.
func TestGarbageGivesWay(t *testing.T) {
	t.Parallel()
	client, table := newTable(t)
	store := dynamo.New(client, table)
	sealed := &types.AttributeValueMemberB{Value: []byte("x")}
	for title, there := range map[string]item{
		"newer format": {"v": number("2"), "token": text("x"), "lease": text("x"),
			"minted": text("2026-01-02")},
		"no format": {"lease": &types.AttributeValueMemberBOOL{Value: true}},
		"broken token": {"v": number("1"), "sealed": text("x"), "minted": number("-5"),
			"expires": &types.AttributeValueMemberNULL{Value: true}},
		"broken lease": {"v": number("1"), "sealed": sealed, "minted": number("5"),
			"expires": number("6"), "lease": number("7")},
		"sets": {
			"v": number("1"), "minted": &types.AttributeValueMemberNS{Value: []string{"1", "2"}},
			"lease": &types.AttributeValueMemberM{Value: item{"a": text("b")}},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			there["pk"] = text(title)
			put(t, client, table, there)
			seen, err := store.Load(t.Context(), title)
			if err != nil || !reflect.DeepEqual(seen, tokencache.Record{}) {
				t.Fatalf("record of %v, lease %q, %v, want none", seen.Minted, seen.Lease, err)
			}
			var won atomic.Int32
			var race sync.WaitGroup
			for i := range 8 {
				race.Go(func() {
					lease := fmt.Sprintf("lease-%d", i)
					if err := store.Lease(t.Context(), title, seen, lease, now,
						keep); errors.Is(err, tokencache.ErrLost) {
						return
					} else if err != nil {
						t.Errorf("lease: %v", err)
					}
					won.Add(1)
					if err := store.Save(t.Context(), title, lease, one); err != nil {
						t.Errorf("save: %v", err)
					}
				})
			}
			race.Wait()
			if won.Load() != 1 {
				t.Errorf("%d leases were taken, want 1", won.Load())
			}
			if r, err := store.Load(t.Context(), title); err != nil || !reflect.DeepEqual(r, one) {
				t.Errorf("record of %v to %v, lease %q, %v", r.Minted, r.Expires, r.Lease, err)
			}
		})
	}
}

// TestGarbageInTheLedger: neither spent nor free, until the minute is over.
func TestGarbageInTheLedger(t *testing.T) {
	t.Parallel()
	for title, there := range map[string]item{
		"total":   {"total": text("many")},
		"profile": {"p#web-map": text("many")},
		"closed":  {"closed": text("long")},
		"below 0": {"total": number("-3")},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			client, table := newTable(t)
			store := dynamo.New(client, table)
			there["pk"] = text("budget#2026-01-02T15:04:00Z")
			put(t, client, table, there)
			spend := tokencache.Spend{Now: now, Limit: 80, Profile: "web-map", ProfileLimit: 40}
			_, err := store.Spend(t.Context(), spend)
			unknown(t, err)
			spend.Now = now.Add(time.Minute)
			if left, err := store.Spend(t.Context(), spend); err != nil || left != 79 {
				t.Errorf("next minute: %d left, %v, want 79", left, err)
			}
		})
	}
}

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, client *dynamodb.Client, table string, it item) {
	t.Helper()
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: it})
	must(t, err)
}

// expect fails the test unless the table has this item. None of its values is a secret.
func expect(t *testing.T, client *dynamodb.Client, table, pk string, want item) {
	t.Helper()
	out, err := client.GetItem(t.Context(),
		&dynamodb.GetItemInput{TableName: &table, Key: item{"pk": text(pk)}})
	must(t, err)
	if !reflect.DeepEqual(out.Item, want) {
		t.Errorf("%s: attributes %v, want %v, or their values differ", pk,
			slices.Sorted(maps.Keys(out.Item)), slices.Sorted(maps.Keys(want)))
		for name := range want {
			if got, ok := out.Item[name].(*types.AttributeValueMemberN); ok &&
				!reflect.DeepEqual(out.Item[name], want[name]) {
				t.Errorf("%s of %s is %s", name, pk, got.Value)
			}
		}
	}
}

var tables atomic.Int64

// newTable creates a table like the template's.
func newTable(t *testing.T) (client *dynamodb.Client, table string) {
	t.Helper()
	endpoint := moto.Endpoint(t)
	client = dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint,
		Region:       "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	table = fmt.Sprintf("tokenmint-test-%d-%d", time.Now().UnixNano(), tables.Add(1))
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:   &table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	must(t, err)
	return client, table
}
