package mapbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// faultBody is the JSON form of a Fault, for the management handler.
type faultBody struct {
	Op          string            `json:"op,omitempty"`
	Skip        int               `json:"skip,omitempty"`
	Hits        int               `json:"hits,omitempty"`
	Kind        Kind              `json:"kind"`
	Status      int               `json:"status,omitempty"`
	Message     string            `json:"message,omitempty"`
	Header      map[string]string `json:"header,omitempty"`
	DelayBefore span              `json:"delay_before,omitempty"`
	DelayAfter  span              `json:"delay_after,omitempty"`
}

func (f *Fault) body() faultBody {
	b := faultBody{
		Op: f.Op, Skip: f.Skip, Hits: f.Hits, Kind: f.Kind, Status: f.Status, Message: f.Message,
		DelayBefore: span(f.DelayBefore), DelayAfter: span(f.DelayAfter),
	}
	if f.Header != nil {
		b.Header = make(map[string]string, len(f.Header))
		for name := range f.Header {
			b.Header[name] = f.Header.Get(name)
		}
	}
	return b
}

func (b faultBody) fault() Fault {
	f := Fault{
		Op: b.Op, Skip: b.Skip, Hits: b.Hits, Kind: b.Kind, Status: b.Status, Message: b.Message,
		DelayBefore: time.Duration(b.DelayBefore), DelayAfter: time.Duration(b.DelayAfter),
		Header: make(http.Header, len(b.Header)),
	}
	for name, value := range b.Header {
		f.Header.Set(name, value)
	}
	return f
}

// check refuses a fault that would never apply, or that contradicts itself.
func (b faultBody) check() error {
	ops := []string{"", OpList, OpCreate, OpCreateTemporary, OpUpdate, OpDelete, OpRetrieve,
		OpScopes, OpStyle, OpSprite, OpTileJSON, OpVectorTile, OpRasterTile, OpGlyphs,
		OpMapSession, OpEvents, OpSearch, OpUploadCredentials, OpUploadFile, OpUploadCreate,
		OpUploadStatus, OpUploadList}
	kinds := []Kind{Slow, Status, HTML, NoAnswer, HalfBody, LostAnswer}
	switch {
	case !slices.Contains(ops, b.Op):
		return fmt.Errorf("op %q must be one of %q", b.Op, ops[1:])
	case !slices.Contains(kinds, b.Kind):
		return fmt.Errorf("kind %q must be one of %q", b.Kind, kinds)
	case b.Skip < 0 || b.Hits < -1:
		return errors.New("skip must be 0 or more; hits must be -1 (all), 0 (means 1) or more")
	case b.Kind == Status && b.Status == 0:
		return errors.New("kind status needs a status")
	case b.Status != 0 && (b.Status < 200 || b.Status > 599):
		return fmt.Errorf("status %d is not between 200 and 599", b.Status)
	case b.DelayBefore < 0 || b.DelayAfter < 0:
		return errors.New("a delay must not be negative")
	case b.Kind == Slow && b.DelayBefore == 0 && b.DelayAfter == 0:
		return errors.New("kind slow needs delay_before or delay_after")
	}
	return nil
}
