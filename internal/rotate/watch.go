package rotate

import (
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// watchPrefix begins the staging label that says since when a rotation of Secrets Manager's own is waited for: Describe does not say when the
// service has registered its version. The time follows, and the version. The label sits on the current version, not on that one, which
// has no value yet.
const watchPrefix = "tokenmint:waiting:"

// watched is such a label.
type watched struct {
	label     string // the whole label
	holderID  string // of the version that it sits on
	pendingID string // of the version that it is about
	since     time.Time
}

func watchLabel(now time.Time, pendingID string) string {
	return watchPrefix + now.UTC().Format(time.RFC3339) + ":" + pendingID
}

// observeWatched reads the labels, the oldest first. A label of ours that says nothing, since a person has written or moved
// it, is about no version, so that it is taken off.
func observeWatched(d secrets.Description, now time.Time) []watched {
	var all []watched
	for id, labels := range d.Stages {
		for _, label := range labels {
			w := watched{label: label, holderID: id}
			if text, ok := strings.CutPrefix(label, watchPrefix); ok {
				at := strings.LastIndex(text, ":")
				since, err := time.Parse(time.RFC3339, text[:max(at, 0)])
				if err == nil && !since.After(now.Add(clockSlack)) {
					w.since, w.pendingID = since, text[at+1:]
				}
			} else if _, dated := supersededSince(label, id, now); dated || !strings.HasPrefix(label, supersededPrefix) {
				continue
			}
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b watched) int { return strings.Compare(a.label, b.label) })
	return all
}

// watchedSince says since when the pending version is waited for: now, if it was not yet.
func (o observation) watchedSince() time.Time {
	for _, w := range o.watched {
		if w.pendingID == o.pendingID {
			return w.since
		}
	}
	return o.now
}
