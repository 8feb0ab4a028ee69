package rotate

import (
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// datePrefix begins the staging label of a replaced version. The time at which a run saw the
// replacement follows, then the id of the version, because a label can be on one version only. The
// label also keeps Secrets Manager from deleting the version while its token lives.
const datePrefix = "tokenmint:superseded:"

// againMark follows the prefix in a label of a run that dates several versions again, one after
// another. The run can die before it has dated them all. So a date with this mark says nothing
// about the dates of other versions: the next run doubts them and dates them again.
const againMark = "again:"

// clockSlack is the largest difference between two clocks, plus the time of one write.
const clockSlack = time.Minute

// dateLabel returns the label of a version that was replaced at a time.
func dateLabel(seen time.Time, versionID string) string {
	return datePrefix + seen.UTC().Format(time.RFC3339) + ":" + versionID
}

// dateIn reads the time from such a label. It returns false if a person wrote the label or
// moved it.
func dateIn(label, versionID string, now time.Time) (since time.Time, ok bool) {
	text, isOurs := strings.CutPrefix(label, datePrefix)
	text = strings.TrimPrefix(text, againMark)
	text, isHere := strings.CutSuffix(text, ":"+versionID)
	since, err := time.Parse(time.RFC3339, text)
	return since, isOurs && isHere && err == nil && !since.After(now.Add(clockSlack))
}

// wasCurrent reports whether labels show that their version was current once, or was overtaken
// while it was pending.
func wasCurrent(id string, labels []string, now time.Time) bool {
	return slices.ContainsFunc(labels, func(label string) bool {
		_, dated := dateIn(label, id, now)
		return label == secrets.Previous || dated
	})
}

// lastDate returns the latest date on any version of the secret.
func lastDate(d secrets.Description, now time.Time) time.Time {
	var last time.Time
	for id, labels := range d.Stages {
		for _, label := range labels {
			if since, ok := dateIn(label, id, now); ok &&
				!strings.HasPrefix(label, datePrefix+againMark) {
				last = latest(last, since)
			}
		}
	}
	return last
}

// latest returns the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// watchPrefix begins the staging label that says since when a run waits for Secrets Manager's own
// rotation. Describe does not say when the service registered its version. The time follows, then
// the id of the pending version. The label is on the current version, since the pending one has no
// value yet.
const watchPrefix = "tokenmint:waiting:"

// watched is one such label.
type watched struct {
	label     string // the whole label
	holderID  string // the version that has the label
	pendingID string // the version that the label names
	since     time.Time
}

// watchLabel returns such a label.
func watchLabel(now time.Time, pendingID string) string {
	return watchPrefix + now.UTC().Format(time.RFC3339) + ":" + pendingID
}

// observeWatched reads these labels, the oldest first. If a person wrote or moved one of our
// labels, its pendingID is empty, and a run removes it.
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
			} else if _, dated := dateIn(label, id, now); dated ||
				!strings.HasPrefix(label, datePrefix) {
				continue
			}
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b watched) int { return strings.Compare(a.label, b.label) })
	return all
}
